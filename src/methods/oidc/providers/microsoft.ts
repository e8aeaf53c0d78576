import type { JsonObject } from "@bufbuild/protobuf";
import type { AnySource, Preset } from "../preset.ts";
import { ProviderFetchError } from "../refusal.ts";
import { generic, withOpenid } from "./generic.ts";

const HOST = "https://login.microsoftonline.com";
/** The tenant of personal accounts. */
const CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad";
const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Microsoft Entra. `microsoft_tenant` is a tenant's id or domain, or one of
 * `common`, `organizations`, `consumers`: then the issuer is a template, and
 * the tenant that an ID token names in `tid` must be the one its issuer has.
 *
 * The address in `email` may be any that an administrator of some tenant wrote
 * there; it counts as verified only with the optional claim `xms_edov`.
 */
export const microsoft: Preset = {
  ...generic,
  server: ({ microsoft_tenant = "common" }) => ({ kind: "discover", issuer: `${HOST}/${microsoft_tenant}/v2.0` }),
  scopes: (configured = ["email", "profile"]) => withOpenid(configured),
  acceptsIssuer: (iss, { tid }, configured, { microsoft_tenant }) =>
    typeof tid === "string" &&
    TENANT.test(tid) &&
    iss === configured.replace("{tenantid}", tid) &&
    !(microsoft_tenant === "organizations" && tid === CONSUMERS),
  adjustClaims: async (claims, source) => {
    const { email_verified: _, ...others } = claims;
    const vouched = [true, 1, "1", "true"].includes(claims.xms_edov as never);
    return {
      ...others,
      ...(claims.email === undefined ? {} : { email_verified: vouched }),
      sub: await subjectOf(source, claims),
    };
  },
};

/**
 * `userinfo`: the subject, which differs for each client. `oid`: the person's id in the tenant. `me`: the id that
 * Microsoft Graph has, which no ID token tells.
 */
const subjectOf = async ({ config, api }: AnySource, { sub, oid }: JsonObject): Promise<string> => {
  if (config.subject_source === "oid") return text(oid, "oid");
  if (config.subject_source === "userinfo") return text(sub, "sub");
  if (api === undefined)
    throw new ProviderFetchError(
      "misconfigured",
      "an ID token of an app does not tell the id of /me: set subject_source to oid for apps",
    );
  const me = (await api("https://graph.microsoft.com/v1.0/me")) as JsonObject;
  return text(me.id, "id of /me");
};

const text = (value: unknown, name: string): string => {
  if (typeof value === "string" && value !== "") return value;
  throw new ProviderFetchError("misconfigured", `Microsoft does not tell the ${name}: see subject_source`);
};
