import { randomBytes } from "node:crypto";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Clock } from "../../lib/clock.ts";

/**
 * What one authorization request is bound to. Stored on the server, encrypted; of it the provider sees `state`, `nonce`
 * and a digest.
 */
export interface AuthorizationState {
  /** Unguessable, used once; leads back to the continuation. */
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** When the person was sent away, in seconds. */
  readonly startedAt: number;
}

/** Prepares an authorization request. `state` is the caller's when something is looked up by it. */
export const newAuthorizationState = (
  redirectUri: string,
  clock: Clock,
  state = randomBytes(32).toString("base64url"),
): AuthorizationState => ({
  state,
  nonce: randomBytes(32).toString("base64url"),
  codeVerifier: randomBytes(48).toString("base64url"),
  redirectUri,
  startedAt: Math.floor(clock.now().getTime() / 1000),
});

/** The state of an authorization request as plain JSON, without its `state` parameter. */
export const writeAuthorizationState = ({
  nonce,
  codeVerifier,
  redirectUri,
  startedAt,
}: AuthorizationState): JsonObject => ({ nonce, codeVerifier, redirectUri, startedAt });

/** Reads what `writeAuthorizationState` wrote, found by its state. Undefined: it is something else. */
export const readAuthorizationState = (
  state: string,
  stored: JsonValue | undefined,
): AuthorizationState | undefined => {
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) return undefined;
  const { nonce, codeVerifier, redirectUri, startedAt } = stored;
  if (
    typeof nonce !== "string" ||
    typeof codeVerifier !== "string" ||
    typeof redirectUri !== "string" ||
    typeof startedAt !== "number"
  )
    return undefined;
  return { state, nonce, codeVerifier, redirectUri, startedAt };
};
