/** Another server that knows passwords which were imported without a hash. */
export interface PasswordMigrationConfig {
  readonly enabled: boolean;
  /** As a web hook has it. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** The password policy: `selfservice.methods.password.config`. */
export interface PasswordPolicyConfig {
  readonly min_password_length: number;
  /** Hard cap against work without end; nothing is ever truncated. */
  readonly max_password_length: number;
  readonly identifier_similarity_check_enabled: boolean;
  readonly haveibeenpwned_enabled: boolean;
  /** Host, or a whole http(s) URL for a mirror. */
  readonly haveibeenpwned_host: string;
  readonly max_breaches: number;
  readonly ignore_network_errors: boolean;
}
