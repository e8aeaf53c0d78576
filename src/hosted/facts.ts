import type { InitUrl } from "./api-urls.ts";
import type { PasswordRules } from "./view.ts";

/** What the pages know of the server besides what the API says: how it is configured. */
export interface Facts {
  /** Whether people may sign up by themselves. */
  readonly registrationEnabled: boolean;
  /** Whether whoever lost their password may come back through an address. */
  readonly recoveryEnabled: boolean;
  /** Whether people may prove that an address is theirs. */
  readonly verificationEnabled: boolean;
  readonly passwordRules: PasswordRules;
  /** Whether a new password ends the person's other sessions. */
  readonly passwordEndsOthers: boolean;
  /** Whether people may trust a browser to stand in for their second factor. */
  readonly trustsDevices: boolean;
  /** Whether people may merge another account of theirs into the one that they are signed in to. */
  readonly mergesAccounts: boolean;
}

/** What the pages of flows need. */
export interface PageDeps {
  readonly facts: Facts;
  readonly initUrl: InitUrl;
  /** Base URL of the public port, without the slash. */
  readonly publicUrl: string;
}
