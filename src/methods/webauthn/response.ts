import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { objectOf } from "../../lib/json-object.ts";

/* Reads what browsers and platforms answer, before anything is made of it. */

type Fields = Readonly<Record<string, unknown>>;

const base64url = /^[A-Za-z0-9_-]+$/;

/** Longest credential id (WebAuthn Level 3, section 4: at most 1023 bytes) in base64url. */
const LONGEST_ID = 1364;

const isBytes = (value: unknown): value is string => typeof value === "string" && base64url.test(value);

/** The members that every answer has; undefined for what is none. */
const readCredential = (text: string): { readonly id: string; readonly response: Fields } | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { id, rawId, type, response } = objectOf(value) ?? {};
  const inner = objectOf(response);
  // Clients that write the id only once are accepted all the same.
  const isWhole = isBytes(id) && id.length <= LONGEST_ID && (rawId === undefined || rawId === id);
  return isWhole && type === "public-key" && inner !== undefined && isBytes(inner.clientDataJSON)
    ? { id, response: inner }
    : undefined;
};

/** How a browser may reach a key, as far as it is known what that means. */
const transports = ["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"] as const;

/** Reads what `navigator.credentials.create()` gave. Undefined for what is no such answer. */
export const readRegistration = (text: string): RegistrationResponseJSON | undefined => {
  const read = readCredential(text);
  if (read === undefined) return undefined;
  const { id, response } = read;
  const { attestationObject, clientDataJSON } = response;
  if (!isBytes(attestationObject) || !isBytes(clientDataJSON)) return undefined;
  const sent: readonly unknown[] = Array.isArray(response.transports) ? response.transports : [];
  const known = transports.filter((transport) => sent.includes(transport));
  return {
    id,
    rawId: id,
    type: "public-key",
    clientExtensionResults: {},
    response: { attestationObject, clientDataJSON, transports: known },
  };
};

/** Reads what `navigator.credentials.get()` gave. Undefined for what is no such answer. */
export const readAssertion = (text: string): AuthenticationResponseJSON | undefined => {
  const read = readCredential(text);
  if (read === undefined) return undefined;
  const { id, response } = read;
  const { authenticatorData, clientDataJSON, signature, userHandle } = response;
  if (!isBytes(authenticatorData) || !isBytes(clientDataJSON) || !isBytes(signature)) return undefined;
  return {
    id,
    rawId: id,
    type: "public-key",
    clientExtensionResults: {},
    response: {
      authenticatorData,
      clientDataJSON,
      signature,
      ...(isBytes(userHandle) && { userHandle }),
    },
  };
};

/** What a browser says of the ceremony (WebAuthn Level 3, section 5.8.1). */
export interface ClientData {
  readonly type: string;
  /** In base64url. */
  readonly challenge: string;
  readonly origin: string;
  /** Whether the page was a frame of another site's. */
  readonly isFramed: boolean;
}

/** Reads the client data, base64url of JSON. Undefined for what is none. */
export const readClientData = (encoded: string): ClientData | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(encoded, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
  const { type, challenge, origin, crossOrigin, topOrigin } = objectOf(value) ?? {};
  if (typeof type !== "string" || typeof challenge !== "string" || typeof origin !== "string") return undefined;
  return { type, challenge, origin, isFramed: crossOrigin === true || topOrigin !== undefined };
};
