import type { JsonObject } from "@bufbuild/protobuf";
import { importPKCS8, SignJWT } from "jose";
import type { ProviderConfig } from "../../../config/oidc-config.ts";
import type { Clock } from "../../../lib/clock.ts";
import type { Preset } from "../preset.ts";
import { ProviderFetchError } from "../refusal.ts";
import { generic, withOpenid } from "./generic.ts";

const ISSUER = "https://appleid.apple.com";
/** Seconds that a client secret is good for: it is made anew each time. */
const LIFESPAN = 300;

/**
 * Apple. The client secret is a JWT that we sign; with name or e-mail asked
 * for, the answer is posted from Apple's page, and the name is in it only the
 * first time. What Apple tells of when the person signed in is checked where it
 * is there.
 */
export const apple: Preset = {
  ...generic,
  server: () => ({ kind: "discover", issuer: ISSUER }),
  scopes: (configured = ["email", "name"]) => withOpenid(configured),
  pkce: false,
  parameters: { response_mode: "form_post" },
  clientAuth: (config, clock) => async (_server, client, body) => {
    body.set("client_id", client.client_id);
    body.set("client_secret", await appleClientSecret(config, clock));
  },
  claims: async ({ idToken = {}, params }) => ({ ...nameOf(params.get("user")), ...idToken }),
};

/**
 * Signs the client secret: a JWT of the team for Apple, about the client, under the key that the developer account
 * names.
 */
export const appleClientSecret = async (
  config: Pick<ProviderConfig, "client_id" | "apple_team_id" | "apple_private_key_id" | "apple_private_key">,
  clock: Clock,
): Promise<string> => {
  const now = Math.floor(clock.now().getTime() / 1000);
  const key = await readKey(config.apple_private_key ?? "");
  return new SignJWT()
    .setProtectedHeader({ alg: "ES256", kid: config.apple_private_key_id ?? "" })
    .setIssuer(config.apple_team_id ?? "")
    .setSubject(config.client_id)
    .setAudience(ISSUER)
    .setIssuedAt(now)
    .setExpirationTime(now + LIFESPAN)
    .sign(key);
};

/** Environment variables have the line breaks of the key as \\n. */
const readKey = async (pem: string) => {
  try {
    return await importPKCS8(pem.replaceAll("\\n", "\n"), "ES256");
  } catch {
    throw new ProviderFetchError("misconfigured", "apple_private_key is no EC private key in PEM (PKCS #8)");
  }
};

/**
 * The name comes beside the code, as JSON, and is nobody's word but the browser's: good for a form, no proof of
 * anything.
 */
const nameOf = (user: string | null): JsonObject => {
  try {
    const { name } = JSON.parse((user ?? "").slice(0, 4096)) as {
      readonly name?: { readonly firstName?: unknown; readonly lastName?: unknown };
    };
    return { ...text("given_name", name?.firstName), ...text("family_name", name?.lastName) };
  } catch {
    return {};
  }
};

const text = (claim: string, value: unknown): JsonObject =>
  typeof value === "string" && value !== "" ? { [claim]: value } : {};
