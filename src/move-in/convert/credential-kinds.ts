import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { CredentialChange } from "../../identity/identity.ts";
import { findCostFault, type HashCost, readHashFormat } from "../../lib/hashing/hash-format.ts";
import { objectOrEmpty } from "../../lib/json-object.ts";
import { type CodeSecrets, LOOKUP_SECRET, readCode, setCodes } from "../../methods/lookup_secret/credential.ts";
import { importLinks, type NewLink, OIDC, type TokenAead } from "../../methods/oidc/credential.ts";
import { PASSWORD, setPassword } from "../../methods/password/credential.ts";
import { secretIn } from "../../methods/totp/administration.ts";
import { setTotp, TOTP, type TotpSecrets } from "../../methods/totp/credential.ts";
import { type KeyMethod, PASSKEY, readKeyRing, setKeys, WEBAUTHN } from "../../methods/webauthn/key.ts";
import { listOf, textOf, timeOf } from "./fields.ts";

/** What credentials are converted with. */
export interface CredentialDeps {
  readonly aead: TokenAead;
  readonly totpSecrets: TotpSecrets;
  readonly codeSecrets: CodeSecrets;
  /** The most that comparing with a hash may cost. */
  readonly maxCost: HashCost;
  /** Opens what the source encrypted; undefined: it cannot be opened. */
  readonly open: (text: string) => string | undefined;
}

/** Whose credential it is. */
export interface Owner {
  readonly id: string;
  /** Levels that sessions reached by a factor go on from here: sessions are older than some rows of factors. */
  readonly since: Date;
}

/** Makes a credential of the configuration that the source has. Undefined: there is nothing in it to sign in with. */
export type ConvertCredential = (
  config: JsonObject,
  owner: Owner,
  deps: CredentialDeps,
  leave: (reason: string) => void,
) => CredentialChange | undefined;

const password: ConvertCredential = (config, _owner, { maxCost }, leave) => {
  const hash = textOf(config.hashed_password);
  if (config.use_password_migration_hook === true) leave("password_of_a_migration_hook");
  if (hash === "") return undefined;
  const format = readHashFormat(hash);
  if (format === undefined) leave("password_hash_of_an_unknown_form");
  else if (findCostFault(format, maxCost) !== undefined) leave("password_hash_that_costs_too_much");
  else return setPassword(hash);
  return undefined;
};

const oidc: ConvertCredential = (config, _owner, { aead, open }, leave) => {
  const token = (value: JsonValue | undefined): string => {
    const sealed = textOf(value);
    const plain = sealed === "" ? "" : open(sealed);
    if (plain === undefined) leave("token_of_a_provider_that_cannot_be_decrypted");
    return plain ?? "";
  };
  const links = listOf(config.providers).flatMap((entry): NewLink[] => {
    const link = objectOrEmpty(entry);
    const [provider, subject, organization] = [link.provider, link.subject, link.organization].map(textOf);
    if (!provider || !subject) {
      leave("link_to_a_provider_without_a_subject");
      return [];
    }
    return [
      {
        provider,
        subject,
        ...(organization && { organization }),
        tokens: {
          idToken: token(link.initial_id_token),
          accessToken: token(link.initial_access_token),
          refreshToken: token(link.initial_refresh_token),
        },
      },
    ];
  });
  return links.length === 0 ? undefined : importLinks(undefined, links, aead);
};

const totp: ConvertCredential = (config, { id, since }, { totpSecrets }, leave) => {
  const url = textOf(config.totp_url);
  if (url === "") return undefined;
  const secret = secretIn(url);
  if (secret !== undefined) return setTotp(totpSecrets.seal(id, { secret, acceptedStep: 0 }), since);
  leave("authenticator_app_of_another_form");
  return undefined;
};

const lookupSecret: ConvertCredential = (config, { id, since }, { codeSecrets }, leave) => {
  const codes = listOf(config.recovery_codes).flatMap((entry) => {
    const { code, used_at: usedAt } = objectOrEmpty(entry);
    const read = readCode(textOf(code));
    return read === "" ? [] : [{ code: read, usedAt: timeOf(usedAt)?.toISOString() }];
  });
  if (codes.length === 0) return undefined;
  if (codes.some(({ code }) => code.includes(" "))) {
    leave("backup_codes_of_another_form");
    return undefined;
  }
  return setCodes(codeSecrets.seal(id, codes), undefined, since.toISOString());
};

const keys =
  (type: KeyMethod): ConvertCredential =>
  (config, { since }, _deps, leave) => {
    const ring = readKeyRing({ version: 0, config });
    const whole = ring.keys.filter(({ id, publicKey }) => id !== "" && publicKey.length > 0);
    if (whole.length < ring.keys.length) leave("key_without_an_id_or_a_public_key");
    if (whole.length === 0) return undefined;
    if (type === PASSKEY && !ring.userHandle) {
      leave("passkey_without_a_user_handle");
      return undefined;
    }
    const stored = whole.map((key) => ({
      ...key,
      addedAt: (timeOf(key.addedAt) ?? since).toISOString(),
      passwordless: type === PASSKEY || key.passwordless,
    }));
    const change = setKeys(type, { version: undefined, userHandle: ring.userHandle, keys: stored });
    return { ...change, facts: { ...change.facts, since: since.toISOString() } };
  };

/** Each kind that has a secret part here. */
export const convertibles: Readonly<Record<string, ConvertCredential>> = {
  [PASSWORD]: password,
  [OIDC]: oidc,
  [TOTP]: totp,
  [LOOKUP_SECRET]: lookupSecret,
  [WEBAUTHN]: keys(WEBAUTHN),
  [PASSKEY]: keys(PASSKEY),
};
