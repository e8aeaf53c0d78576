import { timingSafeEqual } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { decodeProtectedHeader, errors, type JWTVerifyOptions, jwtVerify, type ProtectedHeaderParameters } from "jose";
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
 * Every check says by itself what it found.
 *
 * @throws ProviderFetchError when the keys cannot be had
 */
export const verifyIdToken = async (
  token: string,
  expected: IdTokenExpectation,
  clock: Clock,
): Promise<VerifiedIdToken | Refused> => {
  if (token.length > LIMIT) return refused("malformed", `the ID token is longer than ${LIMIT} characters`);
  const header = readHeader(token);
  if (header === undefined) return refused("malformed", "the ID token is no signed JWT");
  // Before keys are looked for: a token that is signed otherwise shall not make us ask the provider.
  if (!ALGORITHMS.includes(header.alg ?? ""))
    return refused("algorithm", "ID tokens that are signed this way (alg) are not accepted");
  const verified = await verifyJwt(token, header, expected, toOptions(expected, clock));
  if (verified.kind === "refused") return verified;
  return checkParties(verified.claims, expected) ?? verified;
};

/**
 * The checks that `jose` makes. `typ` is none of them: ID tokens need none (OpenID Connect Core 2), and providers leave
 * it out.
 */
const toOptions = ({ issuer, audiences }: IdTokenExpectation, clock: Clock): JWTVerifyOptions => ({
  algorithms: ALGORITHMS,
  ...(typeof issuer === "string" && { issuer }),
  audience: [...audiences],
  requiredClaims: ["iss", "exp"],
  clockTolerance: SKEW,
  // Only with a greatest age `iat` is asked for, and refused when it lies in the future. `exp` says how old one may be.
  maxTokenAge: Number.MAX_SAFE_INTEGER,
  currentDate: clock.now(),
});

const verifyJwt = async (
  token: string,
  header: ProtectedHeaderParameters,
  { keys }: IdTokenExpectation,
  options: JWTVerifyOptions,
): Promise<VerifiedIdToken | Refused> => {
  const [protectedHeader = "", payload = "", signature = ""] = token.split(".");
  const parts = { protected: protectedHeader, payload, signature };
  try {
    const candidates = await keys.find(header, parts);
    if (candidates.length === 0)
      return refused("signature", "the provider has no key of the kind that the ID token names");
    const claims =
      (await verifyWith(token, candidates, options)) ??
      (await verifyWith(token, await keys.findAgain(header, parts), options));
    return claims ? { kind: "verified", claims } : refused("signature", "the signature of the ID token is wrong");
  } catch (error) {
    if (error instanceof errors.JOSEError) return explain(error);
    throw error;
  }
};

const verifyWith = async (
  token: string,
  candidates: Awaited<ReturnType<Keys["find"]>>,
  options: JWTVerifyOptions,
): Promise<JsonObject | undefined> => {
  for (const key of candidates) {
    const verified = await jwtVerify(token, key, options).catch((error: unknown) => {
      if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
      throw error;
    });
    // It was read from JSON.
    if (verified) return verified.payload as JsonObject;
  }
  return undefined;
};

/** What `jose` found, without the claims that its errors carry. */
const explain = (error: errors.JOSEError): Refused => {
  if (error instanceof errors.JWTInvalid) return refused("malformed", "the ID token holds no JSON object");
  if (!(error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired))
    return refused("signature", `the ID token cannot be verified (${error.code})`);
  const isWrong = error.reason === "check_failed";
  switch (error.claim) {
    case "iss":
      return refused("issuer", "the ID token has another issuer");
    case "aud":
      return refused("audience", "the ID token is for another client");
    case "nbf":
      return refused("issued_at", "the ID token is not valid yet");
    case "exp":
      if (isWrong) return refused("expired", "the ID token has expired");
      break;
    case "iat":
      if (isWrong) return refused("issued_at", "the ID token was issued in the future");
      break;
  }
  return refused("malformed", "the ID token does not say when it was issued and when it expires");
};

/** What `jose` does not check: issuers that a rule describes, what stands beside our audience, `azp` and `nonce`. */
const checkParties = (claims: JsonObject, { issuer, audiences, nonce }: IdTokenExpectation): Refused | undefined => {
  const { iss, aud, azp } = claims;
  if (typeof iss !== "string" || (typeof issuer !== "string" && !issuer(iss, claims)))
    return refused("issuer", "the ID token has another issuer");
  const list = Array.isArray(aud) ? aud : [aud];
  if (!list.every((entry) => typeof entry === "string"))
    return refused("audience", "the ID token is for another client");
  if (azp !== undefined && (typeof azp !== "string" || !audiences.includes(azp)))
    return refused("audience", "the ID token was handed to another client (azp)");
  if (list.length > 1 && azp === undefined)
    return refused("audience", "the ID token has several audiences and does not say which one it was handed to (azp)");
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

/** Whether two secrets are the same, in a time that does not tell where they differ. */
export const isSame = (expected: string, given: unknown): boolean => {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
};
