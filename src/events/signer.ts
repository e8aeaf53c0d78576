import { createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto";

/**
 * Makes the value of `webhook-signature`, by the Standard Webhooks specification
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme):
 * one signature for each secret, so that a receiver that knows any of them can check it.
 *
 * @param id of the event, the value of `webhook-id`
 * @param seconds since 1970, the value of `webhook-timestamp`
 */
export type SignWebhook = (id: string, seconds: number, body: string) => string;

const HMAC = "whsec_";
const ED25519 = "whsk_";
/** Bytes of secrets of HMAC, as the specification has them. */
const hmacBytes = { least: 24, most: 64 };
/** Bytes of an Ed25519 key, alone or followed by its public key. */
const SEED_BYTES = 32;
/** Of a private key in PKCS #8, before its 32 bytes (RFC 8410, section 7). */
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** What is wrong with a secret; undefined where nothing is. */
export const findSecretFault = (secret: string): string | undefined => {
  const bytes = bytesOf(secret);
  if (bytes === undefined) return `must begin with ${HMAC} or ${ED25519}, and go on in base64`;
  if (secret.startsWith(HMAC))
    return bytes.length < hmacBytes.least || bytes.length > hmacBytes.most
      ? `must have ${hmacBytes.least} to ${hmacBytes.most} bytes after ${HMAC}`
      : undefined;
  return bytes.length === SEED_BYTES || bytes.length === 2 * SEED_BYTES
    ? undefined
    : `must have ${SEED_BYTES} bytes after ${ED25519}, or ${2 * SEED_BYTES} with the public key`;
};

/** Creates what signs with secrets that have no fault. */
export const createSigner = (secrets: readonly string[]): SignWebhook => {
  const signers = secrets.map((secret) =>
    secret.startsWith(HMAC) ? signHmac(bytesOf(secret) ?? Buffer.alloc(0)) : signEd25519(keyOf(secret)),
  );
  return (id, seconds, body) => {
    const content = `${id}.${seconds}.${body}`;
    return signers.map((signer) => signer(content)).join(" ");
  };
};

const signHmac =
  (key: Buffer) =>
  (content: string): string =>
    `v1,${createHmac("sha256", key).update(content).digest("base64")}`;

const signEd25519 =
  (key: KeyObject) =>
  (content: string): string =>
    `v1a,${sign(null, Buffer.from(content), key).toString("base64")}`;

const keyOf = (secret: string): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([pkcs8, (bytesOf(secret) ?? Buffer.alloc(0)).subarray(0, SEED_BYTES)]),
    format: "der",
    type: "pkcs8",
  });

const bytesOf = (secret: string): Buffer | undefined => {
  const prefix = [HMAC, ED25519].find((one) => secret.startsWith(one));
  const text = prefix === undefined ? "" : secret.slice(prefix.length);
  return BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
};
