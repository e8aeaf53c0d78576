import type { JsonObject } from "@bufbuild/protobuf";
import type { CredentialChange, IdentityRecord, Secret } from "../../identity/identity.ts";
import type { Authenticator, CredentialKind } from "../contract/credential.ts";

/** The type of password credentials, as stored and as clients know it. */
export const PASSWORD = "password";

/** What is stored of a password: its hash, in PHC string or modular crypt format. */
export const readHash = (secret: Secret | undefined): string | undefined => {
  const hash = secret?.config.hashed_password;
  return typeof hash === "string" && hash !== "" ? hash : undefined;
};

/** The secret part of a password credential. */
export const writeHash = (hash: string): JsonObject => ({ hashed_password: hash });

/** Sets the password to the one with this hash, in the place of what there was. */
export const setPassword = (hash: string, stored?: Secret): CredentialChange => ({
  type: PASSWORD,
  config: writeHash(hash),
  facts: {},
  replaces: stored?.version,
});

/** A password is a first factor, if there is one and something to identify by. */
export const passwordCredential: CredentialKind = {
  type: PASSWORD,
  owned: ({ credentials }: IdentityRecord) => (credentials[PASSWORD]?.set ? [{ id: "", name: "" }] : []),
  factors: ({ credentials }: IdentityRecord) => {
    const password = credentials[PASSWORD];
    return password?.set && password.identifiers.length > 0 ? [factor] : [];
  },
};

const factor: Authenticator = { kind: "knowledge", factor: "first", phishingResistant: false };
