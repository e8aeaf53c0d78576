/** Whom keys are made for and by whose pages (WebAuthn Level 3, section 5.4.2). Empty where no method uses it. */
export interface RelyingPartyConfig {
  /** A domain. */
  readonly id: string;
  readonly display_name: string;
  /** `https://example.com`, `android:apk-key-hash:…`. */
  readonly origins: readonly string[];
}

/** Security keys. */
export interface WebauthnConfig {
  readonly enabled: boolean;
  readonly passwordless: boolean;
  readonly rp: RelyingPartyConfig;
}

/** How much a browser is asked for. */
export type Requirement = "required" | "preferred" | "discouraged";

/** Passkeys. */
export interface PasskeyConfig {
  readonly enabled: boolean;
  readonly rp: RelyingPartyConfig;
  readonly attachment: "platform" | "cross-platform" | undefined;
  readonly resident_key: Requirement;
  readonly user_verification: Requirement;
  readonly attestation: "none" | "indirect" | "direct" | "enterprise";
  readonly timeouts: { readonly registration: number; readonly login: number };
}

/** The methods that keys belong to. */
export interface KeyMethodsConfig {
  readonly webauthn: WebauthnConfig;
  readonly passkey: PasskeyConfig;
}
