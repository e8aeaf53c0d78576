import { createHmac, generateKeyPairSync } from "node:crypto";
import type { Secret } from "../../identity/identity.ts";
import { uuidText } from "../../lib/ids.ts";
import { normaliseIdentifier } from "../../schema/normalise.ts";
import { type KeyFacts, type StoredKey, writeKeyRing } from "./key.ts";

/** A key as a form of a sign-in names it. */
export type NamedKey = Pick<KeyFacts, "id" | "transports">;

/**
 * Keys that nobody has, shown where the owner of an identifier has none, so that a form tells nobody who has keys
 * (WebAuthn Level 3, section 14.6.2).
 */
export interface Decoys {
  /** The same for an identifier at every time, in whatever spelling; the id is that of nobody. */
  of(identifier: string): { readonly identityId: string; readonly keys: readonly NamedKey[] };
  /** What answers of such keys are checked against: no answer holds. */
  secretOf(keys: readonly NamedKey[]): Secret;
}

/** What authenticators on the market look like: bytes of a credential id, and how they are reached. */
const makes: readonly (readonly [bytes: number, transports: readonly string[]])[] = [
  [64, ["nfc", "usb"]],
  [48, ["nfc", "usb"]],
  [32, ["internal"]],
  [20, ["hybrid", "internal"]],
];

/** Most decoys of one identifier. */
const MOST = 4;

/** COSE_Key of ES256 (RFC 9053, section 7.1.1), of a pair whose private half is thrown away. */
const nobodysPublicKey = (): Uint8Array<ArrayBuffer> => {
  const { x = "", y = "" } = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
  return new Uint8Array(
    Buffer.concat([
      Buffer.from("a5010203262001215820", "hex"),
      Buffer.from(x, "base64url"),
      Buffer.from("225820", "hex"),
      Buffer.from(y, "base64url"),
    ]),
  );
};

/**
 * Creates them: HMAC-SHA-512 over the identifier.
 *
 * @param keys `secrets.default`: the oldest makes decoys, so that a new one beside it changes none of them
 */
export const createDecoys = (keys: readonly string[]): Decoys => {
  const key = keys.at(-1);
  if (key === undefined) throw new RangeError("decoys need a key");
  const mac = (text: string) => createHmac("sha512", key).update(text).digest();
  const publicKey = nobodysPublicKey();

  const stored = ({ id, transports }: NamedKey): StoredKey => ({
    id,
    transports,
    publicKey,
    name: "",
    addedAt: "",
    passwordless: true,
    aaguid: "",
    backupEligible: false,
    backedUp: false,
    signCount: 0,
    attestation: "none",
    userVerified: false,
  });

  return {
    of: (identifier) => {
      const subject = normaliseIdentifier(identifier);
      const shape = mac(`decoy keys|${subject}`);
      // Most people have one key, some have more: how many there are says nothing.
      const count = [...shape.subarray(16, 16 + MOST - 1)].findIndex((byte) => byte >= 0x40);
      return {
        identityId: uuidText(shape.subarray(0, 16)),
        keys: Array.from({ length: count === -1 ? MOST : count + 1 }, (_, at) => {
          const bytes = mac(`decoy key|${at}|${subject}`);
          const [length, transports] = makes[(shape[24 + at] ?? 0) % makes.length] ?? [bytes.length, []];
          return { id: bytes.subarray(0, length).toString("base64url"), transports };
        }),
      };
    },
    secretOf: (named) => ({ version: 0, config: writeKeyRing({ userHandle: undefined, keys: named.map(stored) }) }),
  };
};
