import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { merge, type Raw } from "../../src/config/tree.ts";
import {
  type Authenticator,
  type CreateOptions,
  createAuthenticator,
  type GetOptions,
} from "../setup/authenticator.ts";
import { change } from "./person.ts";
import { type Answer, accepted, type Done, type Visitor } from "./protocol.ts";
import { identitySchemaUrl } from "./schema.ts";
import { type SeenFlow, shownIn } from "./seen.ts";

/* Security keys and passkeys: how a server is told of them, and what people do with them. */

/** The page that uses keys. */
export const keyOrigin = "http://localhost:4455";

/** The Android app that uses keys, by the digest of its certificate. */
export const appOrigin = `android:apk-key-hash:${"a".repeat(43)}`;

const rp = {
  id: "localhost",
  display_name: "The tests",
  origins: [keyOrigin, "https://login.localhost", appOrigin],
};

/** The schema of the tests, whose address also finds security keys. */
const schemaUrl = (): string => {
  const schema = JSON.parse(Buffer.from(identitySchemaUrl.replace("base64://", ""), "base64").toString()) as JsonObject;
  const email = ["properties", "traits", "properties", "email", "ory.sh/kratos", "credentials"].reduce<JsonObject>(
    (inner, step) => inner[step] as JsonObject,
    schema,
  );
  Object.assign(email, { webauthn: { identifier: true }, passkey: { display_name: true } });
  return `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`;
};

const session = { hooks: [{ hook: "session" }] };

/** What a server needs for keys; `passwordless`: security keys sign in by themselves. */
export const withKeys = (further: Raw = {}, passwordless = false): Raw =>
  merge(
    {
      selfservice: {
        methods: {
          webauthn: { enabled: true, config: { passwordless, rp } },
          passkey: { enabled: true, config: { rp } },
        },
        flows: { registration: { after: { passkey: session, webauthn: session } } },
      },
      identity: { schemas: [{ id: "person", url: schemaUrl() }] },
    },
    further,
  );

/** A device of somebody, whose browser is on the page that uses keys. */
export const newDevice = (): Authenticator => createAuthenticator({ origin: keyOrigin });

/** Adds a passkey, in a flow of its own. */
export const addPasskey = async (
  visitor: Visitor,
  device: Authenticator,
  how: CreateOptions = {},
): Promise<Answer<Done>> => {
  const flow = accepted(await visitor.settings.create());
  return visitor.settings.update(flow.id, {
    method: "passkey",
    passkey_settings_register: device.create(shownIn(flow, "passkey_create_data"), how),
  });
};

/** Signs in with a passkey, in a flow of its own. */
export const signInWithPasskey = async (
  visitor: Visitor,
  device: Authenticator,
  how: GetOptions = {},
  query: Readonly<Record<string, string>> = {},
): Promise<Answer<Done>> => {
  const flow = accepted(await visitor.login.create(query));
  return visitor.login.update(flow.id, {
    method: "passkey",
    passkey_login: device.get(shownIn(flow, "passkey_challenge"), how),
  });
};

/** Signs someone up with a passkey, in a flow of its own. */
export const signUpWithPasskey = async (
  visitor: Visitor,
  device: Authenticator,
  traits: JsonObject,
  how: CreateOptions = {},
): Promise<Answer<Done>> => {
  const flow = accepted(await visitor.registration.create());
  return visitor.registration.update(flow.id, {
    method: "passkey",
    traits,
    passkey_register: device.create(shownIn(flow, "passkey_create_data"), how),
  });
};

/** Adds a security key by a name, in a flow of its own. */
export const addKey = async (
  visitor: Visitor,
  device: Authenticator,
  name: string,
  how: CreateOptions = {},
): Promise<Answer<Done>> => {
  const flow = accepted(await visitor.settings.create());
  return visitor.settings.update(flow.id, {
    method: "webauthn",
    webauthn_register_displayname: name,
    webauthn_register: device.create(shownIn(flow, "webauthn_register_trigger"), how),
  });
};

/** Raises the session, or authenticates again, with a security key. */
export const useKey = async (
  visitor: Visitor,
  device: Authenticator,
  query: Readonly<Record<string, string>>,
  how: GetOptions = {},
): Promise<Answer<Done>> => {
  const flow = accepted(await visitor.login.create(query));
  return visitor.login.update(flow.id, {
    method: "webauthn",
    webauthn_login: device.get(shownIn(flow, "webauthn_login_trigger"), how),
  });
};

/** The values of the buttons that remove keys. */
export const removals = (
  flow: SeenFlow,
  name: "passkey_remove" | "webauthn_remove",
): readonly (JsonValue | undefined)[] => flow.nodes.filter((node) => node.name === name).map(({ value }) => value);

/** Removes the first passkey. */
export const removePasskey = async (visitor: Visitor): Promise<Answer<Done>> => {
  const flow = accepted(await visitor.settings.create());
  const [id = ""] = removals(flow, "passkey_remove");
  return change(visitor, { method: "passkey", passkey_remove: id });
};
