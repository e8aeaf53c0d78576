import { serviceError } from "../../errors/service-error.ts";

/**
 * An OAuth2 server that sends somebody here for a login waits for an answer that this server has no way to give: who
 * signed in would never come back to it.
 *
 * @throws INVALID_FIELD
 */
export const mustHaveNoChallenge = (challenge: string): void => {
  if (challenge === "") return;
  throw serviceError("INVALID_FIELD", {
    field: "login_challenge",
    explain:
      "login_challenge: this server does not sign people in for an OAuth2 server, and cannot send them back to it.",
  });
};
