import type { InitUrl } from "./api-urls.ts";
import type { FlowPage } from "./flow-page.ts";
import { formPage } from "./form-page.ts";
import { html } from "./html.ts";

/** Creates the page on which people sign up. */
export const createRegistrationPage = (initUrl: InitUrl): FlowPage => ({
  kind: "registration",
  carried: ["return_to", "login_challenge", "after_verification_return_to", "organization", "identity_schema"],
  show: async (flow) =>
    formPage(
      flow,
      "Create an account",
      html`<p class="links">Already have an account? <a href="${initUrl("login", { return_to: flow.return_to })}">Sign in</a></p>`,
    ),
});
