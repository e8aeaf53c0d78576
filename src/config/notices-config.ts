/** Of which changes people get a message, by kind. */
export interface NoticesConfig {
  /** A new password. */
  readonly password: boolean;
  /** An account of a sign-in provider that was linked or unlinked. */
  readonly provider: boolean;
  /** An authenticator app, a key, or backup codes. */
  readonly factor: boolean;
  /** An address, with a link that undoes it. */
  readonly address: boolean;
}

/** How addresses change. */
export interface AddressChangesConfig {
  /** Lifespan of a pending address. */
  readonly pending_lifespan: number;
  /** How long a change can be undone by who had the address before. */
  readonly undo_lifespan: number;
  /** The page that the link of the message leads to. */
  readonly undo_ui_url: string;
}
