import { error, info } from "../../ui/messages.ts";

// biome-ignore format: a table, read by its columns
/** The texts of signing in and up by a code; labels of its field and errors stand with those of the flows. */
export const messages = {
  loginCodeSent:        info(1010014,
    "A code was sent to the address that you gave. If it does not arrive, please check the spelling and try again."),
  sendLoginCode:        info(1010015, "Send a code to sign in"),
  sendCodeTo:           info(1010023, "Send a code to {address}", "address", "channel"),
  registrationCodeSent: info(1040005,
    "A code was sent to the address that you gave. If it does not arrive, please check the spelling and try again."),
  sendRegistrationCode: info(1040006, "Send a code to sign up"),
  noCodeAccount:        error(4000035, "There is no such account, or it does not sign in with codes."),
  traitsChanged:        error(4000036, "What you filled in is not what you sent before. Please start again."),
} as const;
