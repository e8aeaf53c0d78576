import { timingSafeEqual } from "node:crypto";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { compactVerify, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from "jose";
import type { Clock } from "../../lib/clock.ts";
import type { Keys } from "./keys.ts";
import { type Refused, refused } from "./refusal.ts";

/** An ID token that holds. */
export interface VerifiedIdToken {
  readonly kind: "verified";
  readonly claims: JsonObject;
}

/** What an ID token must be. */
export interface IdTokenExpectation {
  readonly keys: Keys;
  /** The issuer, or what says whether it is the right one. */
  readonly issuer: string | ((iss: string, claims: JsonObject) => boolean);
  /** The client ids it may be for. The first is our own. */
  readonly audiences: readonly string[];
  /** Undefined: none was sent, so none is looked for. */
  readonly nonce: string | undefined;
}

/**
 * Signatures that only the provider can make. Never `none`, and never HS*: its key would be one that we hold as well,
 * or a public one.
 */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** Seconds that the provider's clock may be off. */
const SKEW = 60;
/** Longest token, in characters. */
const LIMIT = 65_536;

/**
 * Verifies an ID token: signature by the provider's keys, algorithm, issuer,
 * audience, authorised party, times and nonce (OpenID Connect Core 3.1.3.7).
 * Every check says by itself what it found. Throws ProviderFetchError when the
 * keys cannot be had.
 */
export const verifyIdToken = async (
  token: string,
  expected: IdTokenExpectation,
  clock: Clock,
): Promise<VerifiedIdToken | Refused> => {
  if (token.length > LIMIT) return refused("malformed", `the ID token is longer than ${LIMIT} characters`);
  const header = readHeader(token);
  if (header === undefined) return refused("malformed", "the ID token is no signed JWT");
  if (!ALGORITHMS.includes(header.alg ?? ""))
    return refused("algorithm", "ID tokens that are signed this way (alg) are not taken");
  const payload = await verifySignature(token, expected.keys);
  if ("kind" in payload) return payload;
  const claims = readPayload(payload.bytes);
  if (claims === undefined) return refused("malformed", "the ID token holds no JSON object");
  return checkClaims(claims, expected, Math.floor(clock.now().getTime() / 1000)) ?? { kind: "verified", claims };
};

const verifySignature = async (token: string, keys: Keys): Promise<{ readonly bytes: Uint8Array } | Refused> => {
  const [protectedHeader = "", payload = "", signature = ""] = token.split(".");
  const parts = { protected: protectedHeader, payload, signature };
  try {
    const header = decodeProtectedHeader(token);
    const candidates = await keys.find(header, parts);
    if (candidates.length === 0)
      return refused("signature", "the provider has no key of the kind that the ID token names");
    const bytes =
      (await verifyWith(token, candidates)) ?? (await verifyWith(token, await keys.findAgain(header, parts)));
    return bytes ? { bytes } : refused("signature", "the signature of the ID token is wrong");
  } catch (error) {
    if (error instanceof errors.JOSEError)
      return refused("signature", `the ID token cannot be verified (${error.code})`);
    throw error;
  }
};

const verifyWith = async (
  token: string,
  candidates: Awaited<ReturnType<Keys["find"]>>,
): Promise<Uint8Array | undefined> => {
  for (const key of candidates) {
    const verified = await compactVerify(token, key, { algorithms: ALGORITHMS }).catch((error: unknown) => {
      if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
      throw error;
    });
    if (verified) return verified.payload;
  }
  return undefined;
};

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one line for each rule of the specification, in its order
const checkClaims = (claims: JsonObject, expected: IdTokenExpectation, now: number): Refused | undefined => {
  const { issuer, audiences, nonce } = expected;
  const { iss, aud, azp, exp, iat, nbf } = claims;
  if (typeof iss !== "string" || !(typeof issuer === "string" ? iss === issuer : issuer(iss, claims)))
    return refused("issuer", "the ID token has another issuer");
  const list = typeof aud === "string" ? [aud] : isTexts(aud) ? aud : [];
  if (!list.some((entry) => audiences.includes(entry)))
    return refused("audience", "the ID token is for another client");
  if (azp !== undefined && (typeof azp !== "string" || !audiences.includes(azp)))
    return refused("audience", "the ID token was handed to another client (azp)");
  if (list.length > 1 && azp === undefined)
    return refused("audience", "the ID token has several audiences and does not say which one it was handed to (azp)");
  if (typeof exp !== "number" || typeof iat !== "number")
    return refused("malformed", "the ID token does not say when it was issued and when it expires");
  if (exp + SKEW <= now) return refused("expired", "the ID token has expired");
  if (iat - SKEW > now) return refused("issued_at", "the ID token was issued in the future");
  if (nbf !== undefined && (typeof nbf !== "number" || nbf - SKEW > now))
    return refused("issued_at", "the ID token is not valid yet");
  if (nonce !== undefined && !isSame(nonce, claims.nonce))
    return refused("nonce", "the ID token has another nonce, or none");
  return undefined;
};

const readHeader = (token: string): ProtectedHeaderParameters | undefined => {
  if (token.split(".").length !== 3) return undefined;
  try {
    return decodeProtectedHeader(token);
  } catch {
    return undefined;
  }
};

const readPayload = (bytes: Uint8Array): JsonObject | undefined => {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as JsonValue;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const isTexts = (value: JsonValue | undefined): value is string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string");

/** Whether two secrets are the same, in a time that does not tell where they differ. */
export const isSame = (expected: string, given: unknown): boolean => {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
};
