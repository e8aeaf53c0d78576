import { type Answer, show } from "./answer.ts";
import type { Got } from "./api.ts";
import { type Html, html } from "./html.ts";
import { nameOf } from "./name-of.ts";
import { safeUrl } from "./safe-url.ts";
import { signOutLink } from "./sign-out-link.ts";
import type { Visit } from "./visit.ts";
import type { WireSession } from "./wire.ts";

/** Creates the page that leads to the others. */
export const createStartPage = (registrationEnabled: boolean): ((visit: Visit) => Promise<Answer>) => {
  const stranger = html`<p>You are not signed in.</p>
<p><a class="button primary" href="login">Sign in</a></p>
${registrationEnabled && html`<p><a class="button secondary" href="registration">Create an account</a></p>`}`;

  return async ({ api }) => {
    const who = await api.get<WireSession>("/sessions/whoami");
    const body =
      who.kind === "ok"
        ? html`<p>Signed in as <strong>${nameOf(who.body.identity)}</strong></p>
<p><a class="button primary" href="settings">Account settings</a></p>
${await signOutLink(api)}`
        : (halfway(who) ?? stranger);
    return show({ title: "Welcome", body }, who.cookies);
  };
};

/** Signed in with one factor where two are wanted. */
const halfway = ({ error, redirectTo }: Extract<Got<unknown>, { kind: "refused" }>): Html | undefined => {
  const url = error.id === "session_aal2_required" ? safeUrl(redirectTo ?? "") : undefined;
  return url === undefined
    ? undefined
    : html`<p>One more step and you are signed in.</p>
<p><a class="button primary" href="${url}">Continue</a></p>`;
};
