import type { InitUrl } from "./api-urls.ts";
import type { FlowPage } from "./flow-page.ts";
import { formPage } from "./form-page.ts";
import { type Content, html } from "./html.ts";
import { signOutLink } from "./sign-out-link.ts";
import type { WireFlow } from "./wire.ts";

/** What `createLoginPage` needs. */
export interface LoginPageDeps {
  readonly initUrl: InitUrl;
  /** Whether people may sign up by themselves. */
  readonly registrationEnabled: boolean;
}

/** Creates the page on which people sign in, prove again who they are, or give their second factor. */
export const createLoginPage = ({ initUrl, registrationEnabled }: LoginPageDeps): FlowPage => {
  const signUp = (flow: WireFlow): Content =>
    registrationEnabled &&
    html`<p class="links">No account yet? <a href="${initUrl("registration", { return_to: flow.return_to })}">Create one</a></p>`;

  return {
    kind: "login",
    carried: ["refresh", "aal", "return_to", "login_challenge", "organization", "via", "identity_schema"],
    show: async (flow, visit) => {
      const isSecondStep = flow.requested_aal === "aal2";
      // Whoever is signed in already and cannot go on needs a way out.
      if (isSecondStep || flow.refresh === true)
        return formPage(flow, isSecondStep ? "One more step" : "Confirm that it is you", await signOutLink(visit.api));
      return formPage(flow, "Sign in", signUp(flow));
    },
  };
};
