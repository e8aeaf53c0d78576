import type { AccountConfig } from "../../config/account-config.ts";
import { mustBeLifespan } from "../../errors/must-be-lifespan.ts";

/** When a link expires that is sent now; an empty text is the lifespan of the configuration. @throws INVALID_FIELD */
export const expiryOf = (text: string, { lifespan }: AccountConfig["invitation"], now: Date): Date =>
  new Date(now.getTime() + (text === "" ? lifespan : mustBeLifespan(text, "72h")));
