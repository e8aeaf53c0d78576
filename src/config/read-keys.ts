import type { PasskeyConfig, RelyingPartyConfig, WebauthnConfig } from "./keys-config.ts";
import type { Slice } from "./slice.ts";

/** Reads `selfservice.methods.webauthn`. */
export const readWebauthn = (webauthn: Slice, publicUrl: string): WebauthnConfig => ({
  enabled: webauthn.flag("enabled"),
  passwordless: webauthn.flag("config.passwordless"),
  rp: readRelyingParty(webauthn.part("config.rp"), publicUrl),
});

/** Reads `selfservice.methods.passkey`. */
export const readPasskey = (passkey: Slice, publicUrl: string): PasskeyConfig => {
  const config = passkey.part("config");
  return {
    enabled: passkey.flag("enabled"),
    rp: readRelyingParty(config.part("rp"), publicUrl),
    attachment: config.optionalText("authenticator_selection.attachment") as PasskeyConfig["attachment"],
    resident_key: config.choice("authenticator_selection.resident_key"),
    user_verification: config.choice("authenticator_selection.user_verification"),
    attestation: config.choice("attestation.preference"),
    timeouts: { registration: config.duration("timeouts.registration"), login: config.duration("timeouts.login") },
  };
};

/** Without origins they are the one of its id, by the scheme of the public port. */
const readRelyingParty = (rp: Slice, publicUrl: string): RelyingPartyConfig => {
  const id = rp.optionalText("id") ?? "";
  const listed = rp.raw("origins") === undefined ? [rp.optionalText("origin")] : rp.texts("origins");
  const origins = listed.filter((origin) => origin !== undefined);
  return {
    id,
    display_name: rp.optionalText("display_name") ?? "",
    origins: origins.length > 0 ? origins.map(asBrowsersSay) : [`${new URL(publicUrl).protocol}//${id}`],
  };
};

/** An origin of a page has no path; that of an app is no address. */
const asBrowsersSay = (origin: string): string =>
  /^https?:/i.test(origin) ? (URL.parse(origin)?.origin ?? origin) : origin;
