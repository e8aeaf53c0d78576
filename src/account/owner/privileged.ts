import { reauthenticationRequired } from "../../flows/shared/reauthenticate.ts";
import type { Call } from "../../lib/call.ts";
import type { Caller } from "../../session/caller.ts";
import type { PrivilegeDeps } from "./deps.ts";

/** The caller, if their session is recent and of the account's highest level. */
export type MustBePrivileged = (call: Call) => Promise<Caller>;

/**
 * Creates the check of what concerns an account as a whole: its export, its deletion. @throws SESSION_INACTIVE,
 * AAL2_REQUIRED, SESSION_REFRESH_REQUIRED
 */
export const createMustBePrivileged = ({ callers, clock, config, factors, urls }: PrivilegeDeps): MustBePrivileged => {
  const maxAge = config.selfservice.flows.settings.privileged_session_max_age;
  return async (call) => {
    const returnTo = urls.page("settings");
    const caller = await callers.mustBeAt(call, "highest_available", returnTo);
    if (!callers.aal.isPrivileged(caller, maxAge, clock.now()))
      throw reauthenticationRequired({
        caller,
        factors,
        urls,
        maxAge,
        returnTo,
        explain: "The session is too old for this. Sign in again, and ask for it once more.",
      });
    return caller;
  };
};
