import { createHmac, randomInt } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import type { CredentialChange, IdentityRecord, Secret } from "../../identity/identity.ts";
import type { Aead } from "../../lib/aead.ts";
import { isSameDigest } from "../../lib/digest.ts";
import type { Authenticator, CredentialKind } from "../contract/credential.ts";

/** The type of the credential, as stored and as clients know it. */
export const LOOKUP_SECRET = "lookup_secret";

/** How many codes a person has, and the characters of each. */
export const codeCount = 12;
const codeLength = 8;
const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Makes new codes: 41 bits each. */
export const newCodes = (): string[] =>
  Array.from({ length: codeCount }, () =>
    Array.from({ length: codeLength }, () => alphabet.charAt(randomInt(alphabet.length))).join(""),
  );

/** A code as it was typed: case, spaces and hyphens do not count. */
export const readCode = (typed: string): string =>
  typed
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\s\p{Pd}]/gu, "");

/** A code, and when it was used (RFC 3339). */
export interface BackupCode {
  readonly code: string;
  readonly usedAt: string | undefined;
}

/** What is stored of the codes: encrypted to be shown again, and as keyed digests to find one. */
export interface CodeSecrets {
  /** The codes in clear; undefined when they cannot be decrypted any more. */
  open(identityId: string, stored: Secret | undefined): readonly BackupCode[] | undefined;
  /** Which one a code is, and whether it was used already; undefined: none of them. */
  find(
    identityId: string,
    stored: Secret | undefined,
    code: string,
  ): { readonly at: number; readonly isUsed: boolean } | undefined;
  /** Used codes stay used. */
  seal(identityId: string, codes: readonly BackupCode[]): JsonObject;
}

/**
 * Creates it. Codes and digests are bound to the person whose they are.
 *
 * @param digestKeys the first makes digests, all are accepted
 */
export const createCodeSecrets = (aead: Aead, digestKeys: readonly string[]): CodeSecrets => {
  const digest = (key: string, identityId: string, code: string): string =>
    createHmac("sha256", key)
      .update(`${boundTo(identityId)}|${code}`)
      .digest("base64url");
  const [firstKey = ""] = digestKeys;
  return {
    open: (identityId, stored) => {
      const { sealed } = stored?.config ?? {};
      const plain =
        typeof sealed === "string"
          ? aead.decrypt(Buffer.from(sealed, "base64url"), boundTo(identityId))?.toString()
          : undefined;
      if (plain === undefined) return undefined;
      const entries = entriesOf(stored);
      return plain.split(" ").map((code, at) => ({ code, usedAt: entries[at]?.used_at }));
    },
    find: (identityId, stored, code) => {
      const wanted = digestKeys.map((key) => digest(key, identityId, code));
      // All are compared, so that time does not tell which one it was.
      const found = entriesOf(stored)
        .map((entry, at) => ({ at, isUsed: entry.used_at !== undefined, digest: entry.digest }))
        .filter((entry) => wanted.filter((each) => isSameDigest(entry.digest, each)).length > 0);
      return found[0];
    },
    seal: (identityId, codes) => ({
      sealed: aead
        .encrypt(Buffer.from(codes.map(({ code }) => code).join(" ")), boundTo(identityId))
        .toString("base64url"),
      codes: codes.map(({ code, usedAt }) => ({
        digest: digest(firstKey, identityId, code),
        ...(usedAt !== undefined && { used_at: usedAt }),
      })),
    }),
  };
};

const boundTo = (identityId: string): string => `credential|${LOOKUP_SECRET}|${identityId}`;

interface CodeEntry {
  readonly digest?: string;
  readonly used_at?: string;
}

const entriesOf = (stored: Pick<Secret, "config"> | undefined): readonly CodeEntry[] => {
  const codes = stored?.config.codes;
  return Array.isArray(codes) ? (codes as readonly CodeEntry[]) : [];
};

/**
 * Takes new codes into use.
 *
 * @param since when the person first had any: sessions that were raised by them stay so
 */
export const setCodes = (config: JsonObject, stored: Secret | undefined, since: string): CredentialChange => ({
  type: LOOKUP_SECRET,
  config,
  facts: { since, left: entriesOf({ config }).filter(({ used_at }) => used_at === undefined).length },
  replaces: stored?.version,
});

/** Marks a code as used. */
export const useCode = (stored: Secret, at: number, facts: JsonObject, now: Date): CredentialChange => {
  const codes = entriesOf(stored).map((entry, each) =>
    each === at ? { ...entry, used_at: now.toISOString() } : entry,
  );
  return {
    type: LOOKUP_SECRET,
    config: { ...stored.config, codes: codes.map((entry) => ({ ...entry })) },
    facts: { ...facts, left: codes.filter(({ used_at }) => used_at === undefined).length },
    replaces: stored.version,
  };
};

/** Removes all codes. */
export const removeCodes = (stored: Secret | undefined): CredentialChange => ({
  type: LOOKUP_SECRET,
  config: null,
  facts: {},
  replaces: stored?.version,
});

/** Whether the person has codes, used or not. */
export const hasCodes = ({ credentials }: IdentityRecord): boolean => credentials[LOOKUP_SECRET]?.set === true;

/** What may be known of the codes without them. */
export const codeFacts = ({ credentials }: IdentityRecord): JsonObject => credentials[LOOKUP_SECRET]?.facts ?? {};

/** How many codes are still good. */
export const codesLeft = (identity: IdentityRecord): number => {
  const { left } = codeFacts(identity);
  return typeof left === "number" ? left : 0;
};

/** Creates the kind of credential: codes that are left are second factors, while the method is enabled. */
export const createLookupSecretCredential = ({ enabled }: { readonly enabled: boolean }): CredentialKind => ({
  type: LOOKUP_SECRET,
  isBackup: true,
  owned: (identity) => {
    if (!hasCodes(identity)) return [];
    const { since } = codeFacts(identity);
    const createdAt = typeof since === "string" ? since : undefined;
    return [{ id: "", name: "", createdAt, remaining: codesLeft(identity) }];
  },
  factors: (identity) =>
    enabled && hasCodes(identity) ? Array.from({ length: codesLeft(identity) }, () => factor) : [],
});

const factor: Authenticator = { kind: "possession", factor: "second", phishingResistant: false };
