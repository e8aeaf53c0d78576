import { info } from "../../ui/messages.ts";

// biome-ignore format: a table, read by its columns
/** The texts of authenticator apps. */
export const messages = {
  code:       info(1010006, "Authentication code"),
  signIn:     info(1010009, "Use authenticator app"),
  unlink:     info(1050004, "Remove authenticator app"),
  qr:         info(1050005, "QR code for your authenticator app"),
  secret:     info(1050006, "{secret}", "secret"),
  secretName: info(1050017, "This is the secret of your authenticator app. Use it where the QR code cannot be read."),
} as const;
