import { info } from "../../ui/messages.ts";

// biome-ignore format: a table, read by its columns
/** The texts of backup codes. */
export const messages = {
  code:       info(1010007, "Backup code"),
  signIn:     info(1010010, "Use backup code"),
  reveal:     info(1050007, "Show unused backup codes"),
  regenerate: info(1050008, "Generate new backup codes"),
  secret:     info(1050009, "{secret}", "secret"),
  codesName:  info(1050010, "These are your backup codes."),
  confirm:    info(1050011, "Confirm backup codes"),
  used:       info(1050014, "This code was used at {used_at}.", "used_at", "used_at_unix"),
  codes:      info(1050015, "The codes, joined by commas; those that were used read \"used\".", "secrets"),
  disable:    info(1050016, "Disable this method"),
  // Of this server's own; Ory Kratos has no such texts.
  fewLeft:    info(1059001, "Only {left} of your backup codes are left. Please generate new ones.", "left"),
  noneLeft:   info(1059002, "None of your backup codes is left. Please generate new ones."),
} as const;
