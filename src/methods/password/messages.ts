import { error } from "../../ui/messages.ts";

// biome-ignore format: a table, read by its columns
/**
 * The texts of the password method (docs/compatibility.md, rule 24); that of a breach is the general
 * `passwordRefused`.
 */
export const messages = {
  tooSimilar: error(4000031, "The password is too much like what you sign in with."),
  tooShort:   error(4000032,
    "The password must have at least {min_length} characters, but it has {actual_length}.",
    "min_length", "actual_length"),
  tooLong:    error(4000033,
    "The password is too long: at most {max_length} are allowed, but it has {actual_length}.",
    "max_length", "actual_length"),
  sameAsNow:  error(4000039, "The new password must not be the one you have now."),
} as const;
