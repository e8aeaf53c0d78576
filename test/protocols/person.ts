import { randomBytes, randomInt } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { nativeRest, spa } from "./json-rest.ts";
import { accepted, type Protocol, type Visitor } from "./protocol.ts";
import type { TestServer } from "./server.ts";

/** Someone with an account. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** A password that every rule allows, another at each call. */
export const newPassword = (): string => `pass ${randomBytes(9).toString("base64url")}`;

/** An address that nobody has. */
export const newEmail = (): string => `p${randomBytes(6).toString("hex")}@example.com`;

/** A mobile number in Germany, in E.164, that hardly anybody else has. */
export const newPhone = (): string => `+49176${String(randomInt(10 ** 8)).padStart(8, "0")}`;

/** Signs someone up by REST and gives the protocol's visitor their session, as if they had signed up there. */
export const enterAsNewPerson = async (
  protocol: Protocol,
  server: TestServer,
  traits: JsonObject = {},
): Promise<{ person: Person; visitor: Visitor }> => {
  const way = (protocol.family === "native" ? nativeRest : spa).enter(server);
  const { email = newEmail(), ...others } = traits;
  const password = newPassword();
  const flow = accepted(await way.registration.create());
  const { session } = accepted(
    await way.registration.update(flow.id, { method: "password", password, traits: { email, ...others } }),
  );
  const visitor = protocol.enter(server);
  hand(way, visitor);
  return { person: { id: session?.identityId ?? "", email: String(email), password }, visitor };
};

/** Gives one visitor the session of another, of the same family of protocols. */
export const hand = (from: Visitor, to: Visitor): void => {
  to.credentials.token = from.credentials.token;
  for (const name of from.credentials.jar?.names ?? [])
    to.credentials.jar?.set(name, from.credentials.jar?.get(name) ?? "");
};

/** Signs a person in through the visitor's own protocol; with `refresh`, again. */
export const signIn = async (
  visitor: Visitor,
  { email, password }: Pick<Person, "email" | "password">,
  query: Readonly<Record<string, string>> = {},
) => {
  const flow = accepted(await visitor.login.create(query));
  return visitor.login.update(flow.id, { method: "password", identifier: email, password });
};

/** Signs a person in on one more device. */
export const enterAs = async (
  protocol: Protocol,
  server: TestServer,
  person: Pick<Person, "email" | "password">,
): Promise<Visitor> => {
  const visitor = protocol.enter(server);
  accepted(await signIn(visitor, person));
  return visitor;
};

/** Creates a settings flow and submits it once. */
export const change = async (visitor: Visitor, submission: JsonObject) => {
  const flow = accepted(await visitor.settings.create());
  return visitor.settings.update(flow.id, submission);
};
