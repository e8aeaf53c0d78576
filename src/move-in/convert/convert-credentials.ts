import type { JsonObject } from "@bufbuild/protobuf";
import type { CredentialFacts, ValidTraits } from "../../identity/identity.ts";
import { objectOrEmpty } from "../../lib/json-object.ts";
import { CODE } from "../../methods/code/credential.ts";
import { LOOKUP_SECRET } from "../../methods/lookup_secret/credential.ts";
import { OIDC } from "../../methods/oidc/credential.ts";
import { TOTP } from "../../methods/totp/credential.ts";
import { PASSKEY } from "../../methods/webauthn/key.ts";
import { normaliseIdentifier } from "../../schema/normalise.ts";
import { parseJson, type SourceCredential } from "../source/source-person.ts";
import type { MovedSecret } from "./conversion.ts";
import { type CredentialDeps, convertibles, type Owner } from "./credential-kinds.ts";
import { listOf, textOf } from "./fields.ts";

/** What somebody signs in with, without and with secrets. */
export interface MovedCredentials {
  readonly facts: Readonly<Record<string, CredentialFacts>>;
  readonly secrets: readonly MovedSecret[];
}

/** Kinds whose identifiers at the source say nothing: the person's id, or what the secret part has anyway. */
const ownIdentifiers: ReadonlySet<string> = new Set([TOTP, LOOKUP_SECRET, OIDC, PASSKEY]);

/** Converts the credentials of a person. What nobody signs in with here stays behind. @throws SyntaxError */
export const convertCredentials = (
  credentials: readonly SourceCredential[],
  owner: Owner,
  deps: CredentialDeps,
  leave: (reason: string) => void,
): MovedCredentials => {
  const facts: Record<string, CredentialFacts> = {};
  const secrets: MovedSecret[] = [];
  for (const { type, config, createdAt, updatedAt, identifiers } of credentials) {
    const document = objectOrEmpty(parseJson(config));
    const convert = convertibles[type];
    if (convert === undefined && type !== CODE) {
      leave(type);
      continue;
    }
    const change = convert?.(document, owner, deps, leave);
    const names = ownIdentifiers.has(type) ? [] : [...identifiers, ...(type === CODE ? codeAddresses(document) : [])];
    const entry: CredentialFacts = {
      identifiers: change?.identifiers ?? [...new Set(names.map(normaliseIdentifier))],
      set: change !== undefined,
      facts: change?.facts ?? {},
      ...(change?.keys && { keys: change.keys }),
    };
    if (change?.config) secrets.push({ type, config: change.config, createdAt, updatedAt });
    if (entry.set || entry.identifiers.length > 0) facts[type] = entry;
  }
  return { facts, secrets };
};

const codeAddresses = (config: JsonObject): readonly string[] =>
  listOf(config.addresses).flatMap((entry) => textOf(objectOrEmpty(entry).address) || []);

/** Identifiers that the schema gives for kinds of which the source has none: they are reserved, as for new people. */
export const withSchemaIdentifiers = (
  facts: MovedCredentials["facts"],
  identifiers: ValidTraits["identifiers"],
): MovedCredentials["facts"] => {
  const missing = Object.entries(identifiers).filter(
    ([type, list]) => list.length > 0 && (facts[type]?.identifiers.length ?? 0) === 0,
  );
  const added = missing.map(([type, list]): [string, CredentialFacts] => [
    type,
    { set: false, facts: {}, ...facts[type], identifiers: [...list] },
  ]);
  return { ...facts, ...Object.fromEntries(added) };
};
