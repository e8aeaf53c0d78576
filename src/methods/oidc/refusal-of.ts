import * as openid from "openid-client";
import { ProviderFetchError, type Refused, refused } from "./refusal.ts";

/**
 * Reads what openid-client throws as a refusal. Anything it does not know is
 * thrown on: a mistake of ours shall not look like one of the provider's.
 */
export const refusalOf = (error: unknown): Refused => {
  const own = findOwn(error);
  if (own) return refused(own.reason, own.message);
  if (error instanceof openid.ResponseBodyError)
    return refused(
      tokenErrors[error.error] ?? (error.status >= 500 ? "unavailable" : "provider_error"),
      said(error.error),
    );
  if (error instanceof openid.WWWAuthenticateChallengeError)
    return refused("misconfigured", "the provider does not accept our credentials");
  if (error instanceof openid.ClientError) return refused(reasonOf(error), explain(error));
  throw error;
};

/** What the token endpoint answers, and whose matter it is (RFC 6749 5.2). */
const tokenErrors: Readonly<Record<string, Refused["reason"]>> = {
  invalid_grant: "code",
  bad_verification_code: "code",
  invalid_client: "misconfigured",
  unauthorized_client: "misconfigured",
  incorrect_client_credentials: "misconfigured",
  redirect_uri_mismatch: "misconfigured",
};

/**
 * What an `error` says where it is one that a specification names; any other text is the provider's, or anybody's,
 * and is not repeated.
 */
export const said = (error: string): string =>
  known.has(error) ? `the provider answered ${error}` : "the provider answered with an error of its own";

/** RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, and what large providers answer instead. */
const known = new Set([
  ...Object.keys(tokenErrors),
  "access_denied",
  "account_selection_required",
  "consent_required",
  "interaction_required",
  "invalid_request",
  "invalid_scope",
  "login_required",
  "server_error",
  "temporarily_unavailable",
  "unsupported_grant_type",
  "unsupported_response_type",
]);

/** Ours may be wrapped by the library's. */
const findOwn = (error: unknown): ProviderFetchError | undefined => {
  if (error instanceof ProviderFetchError) return error;
  return error instanceof Error && error.cause !== undefined ? findOwn(error.cause) : undefined;
};

const messageOf = (error: Error): string => (error.cause instanceof Error ? error.cause.message : error.message);

const reasonOf = (error: openid.ClientError): Refused["reason"] => {
  const message = `${error.message} ${messageOf(error)}`;
  const known = patterns.find(([pattern]) => pattern.test(message));
  if (known) return known[1];
  return exchangeCodes[error.code ?? ""] ?? "provider_error";
};

/** The library tells the checks of an ID token and of an answer apart in words only. */
const patterns: readonly (readonly [RegExp, Refused["reason"]])[] = [
  [/"nonce"/, "nonce"],
  [/"aud"|"azp"/, "audience"],
  [/"iss"/, "issuer"],
  [/"exp"/, "expired"],
  [/"iat"|"nbf"/, "issued_at"],
  [/"state"/, "state"],
  [/"alg"/, "algorithm"],
  [/"id_token"/, "no_id_token"],
];

const exchangeCodes: Readonly<Record<string, Refused["reason"]>> = {
  OAUTH_TIMEOUT: "unavailable",
  OAUTH_ABORT: "unavailable",
  OAUTH_RESPONSE_IS_NOT_CONFORM: "unavailable",
  OAUTH_RESPONSE_IS_NOT_JSON: "unavailable",
  OAUTH_PARSE_ERROR: "unavailable",
  OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: "misconfigured",
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: "malformed",
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: "expired",
};

/** The library's sentence names fields, not what is in them. */
const explain = (error: openid.ClientError): string => messageOf(error).slice(0, 200);
