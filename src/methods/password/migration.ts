import type { JsonObject } from "@bufbuild/protobuf";
import type { IdentityRecord, Secret } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";

/** A password that another server may know. */
export interface AskedPassword {
  /** As it was typed. */
  readonly identifier: string;
  readonly password: string;
  readonly identity: IdentityRecord;
}

/**
 * Asks another server whether a password is right.
 *
 * @throws UPSTREAM_FAILED, UPSTREAM_TIMED_OUT
 */
export type PasswordMigration = (asked: AskedPassword, call: Call) => Promise<boolean>;

/** What is stored of a password that another server knows. */
export const migrating: JsonObject = { use_password_migration_hook: true };

/** Whether another server is to be asked for the password. */
export const isMigrating = (secret: Secret | undefined): boolean =>
  secret?.config.use_password_migration_hook === true && secret.config.hashed_password === undefined;
