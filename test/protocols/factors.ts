import type { JsonObject } from "@bufbuild/protobuf";
import { authenticator } from "otplib";
import { minutes, seconds } from "./clock.ts";
import { accepted, type Visitor } from "./protocol.ts";
import { type SeenFlow, shownIn } from "./seen.ts";
import type { TestServer } from "./server.ts";

/*
 * Second factors as a person has them: an authenticator app, made by another
 * library than the server's, and backup codes on paper.
 */

/** Configuration with authenticator apps and backup codes. */
export const withFactors = {
  selfservice: { methods: { totp: { enabled: true }, lookup_secret: { enabled: true } } },
} as const;

/** The code that an app shows at a moment. */
export const codeAt = (secret: string, now: Date): string =>
  authenticator.clone({ epoch: now.getTime() }).generate(secret);

/** Lets the next code come, and gives it. */
export const nextCode = ({ clock }: Pick<TestServer, "clock">, secret: string): string => {
  clock.advance(seconds(30));
  return codeAt(secret, clock.now());
};

/** The secret that a settings form shows. */
export const secretIn = (flow: SeenFlow): string => String(shownIn(flow, "totp_secret_key"));

/** Sets up an authenticator app; returns its secret. */
export const enrolTotp = async (visitor: Visitor, server: TestServer): Promise<string> => {
  const flow = accepted(await visitor.settings.create());
  const secret = secretIn(flow);
  accepted(await visitor.settings.update(flow.id, { method: "totp", totp_code: nextCode(server, secret) }));
  return secret;
};

/** Makes backup codes and confirms them; returns them. */
export const enrolCodes = async (visitor: Visitor): Promise<readonly string[]> => {
  const { id } = accepted(await visitor.settings.create());
  accepted(await visitor.settings.update(id, { method: "lookup_secret", lookup_secret_regenerate: true }));
  const shown = accepted(await visitor.settings.get(id));
  accepted(await visitor.settings.update(id, { method: "lookup_secret", lookup_secret_confirm: true }));
  return codesIn(shown);
};

/** The codes that a settings form shows; of used ones the word. */
export const codesIn = (flow: SeenFlow): readonly string[] =>
  String(shownIn(flow, "lookup_secret_codes") ?? "").split(", ");

/** Gives a second factor in a login flow for it. */
export const stepUp = async (
  visitor: Visitor,
  submission: JsonObject,
  query: Readonly<Record<string, string>> = {},
) => {
  const flow = accepted(await visitor.login.create({ aal: "aal2", ...query }));
  return visitor.login.update(flow.id, submission);
};

/** Gives the code of an app as second factor. */
export const stepUpByTotp = (visitor: Visitor, server: TestServer, secret: string) =>
  stepUp(visitor, { method: "totp", totp_code: nextCode(server, secret) });

/** Lets a session get older than any protected change allows. */
export const growOld = ({ clock }: Pick<TestServer, "clock">): void => clock.advance(minutes(16));
