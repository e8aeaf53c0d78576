import type { PageDeps } from "./facts.ts";
import type { FlowPage } from "./flow-page.ts";
import { formPage } from "./form-page.ts";
import { type Content, type Html, html } from "./html.ts";
import type { Page } from "./page.ts";
import { renderNotice } from "./render-messages.ts";
import { findSignOutUrl } from "./sign-out-url.ts";
import type { Texts } from "./texts.ts";
import { createView } from "./view.ts";
import type { Visit } from "./visit.ts";
import type { WireFlow } from "./wire.ts";

/** Creates the page on which people sign in, authenticate again, or give their second factor. */
export const createLoginPage = ({ facts, initUrl, publicUrl }: PageDeps): FlowPage => {
  const settingsUrl = `${publicUrl}/self-service/settings`;
  const viewOf = ({ ui }: WireFlow, texts: Texts, ...pages: readonly string[]) =>
    createView(texts, { pages: [...pages, "login"], rules: facts.passwordRules, nodes: ui.nodes ?? [] });

  const signIn = (flow: WireFlow, texts: Texts): Page => {
    const goesToSettings = flow.return_to?.startsWith(settingsUrl) === true;
    const saysWhy = (flow.ui.messages ?? []).length > 0;
    const reason = goesToSettings && !saysWhy ? texts.text("login.reason.settings") : undefined;
    return formPage(flow, viewOf(flow, texts), {
      title: "login.title",
      lead: reason === undefined && !saysWhy ? texts.text("login.lead") : undefined,
      above: reason === undefined ? ended(texts) : renderNotice("info", html`<p>${reason}</p>`),
      draft: "login",
      below: html`${
        facts.recoveryEnabled &&
        html`<p class="aside">
<a href="${initUrl("recovery", { return_to: flow.return_to })}">${texts.text("recovery.forgot")}</a></p>`
      }${
        facts.registrationEnabled &&
        html`<p class="aside">${texts.text("login.no_account")} <a
  href="${initUrl("registration", { return_to: flow.return_to })}">${texts.text("login.sign_up")}</a></p>`
      }`,
    });
  };

  /** Signing in connects a provider to the account that has the address already. */
  const connect = (flow: WireFlow, texts: Texts): Page =>
    formPage(flow, viewOf(flow, texts, "link"), {
      title: "login.link.title",
      below: html`<p class="aside">
<a href="${initUrl("login", { return_to: flow.return_to })}">${texts.text("cancel")}</a></p>`,
    });

  /** For whoever is signed in already and cannot go on: signing out, or back to the settings. */
  const signOutLinks = async (flow: WireFlow, { api, texts }: Visit): Promise<Content> => {
    const signOutUrl = await findSignOutUrl(api);
    const cancelUrl = flow.return_to?.startsWith(settingsUrl) ? initUrl("settings") : undefined;
    return html`<p class="aside apart">${
      cancelUrl !== undefined && html`<a href="${cancelUrl}">${texts.text("cancel")}</a>`
    }${signOutUrl !== undefined && html`<a href="${signOutUrl}">${texts.text("sign_in.another")}</a>`}</p>`;
  };

  const secondStep = async (flow: WireFlow, visit: Visit): Promise<Page> =>
    formPage(flow, viewOf(flow, visit.texts, "second"), {
      title: "second.title",
      below: await signOutLinks(flow, visit),
    });

  const confirm = async (flow: WireFlow, visit: Visit): Promise<Page> => {
    const waits = flow.return_to?.startsWith(`${settingsUrl}?`) === true;
    return formPage(waits ? withoutInfo(flow) : flow, viewOf(flow, visit.texts, "refresh"), {
      title: "refresh.title",
      lead: waits ? pendingChangeNotice(visit.texts) : undefined,
      below: await signOutLinks(flow, visit),
    });
  };

  return {
    kind: "login",
    carried: ["refresh", "aal", "return_to", "login_challenge", "organization", "via", "identity_schema"],
    show: async (flow, visit) => {
      if (flow.requested_aal === "aal2") return secondStep(flow, visit);
      if (flow.refresh === true) return confirm(flow, visit);
      return linksProvider(flow) ? connect(flow, visit.texts) : signIn(flow, visit.texts);
    },
  };
};

/** The message that says so (docs/messages.md). */
const confirmLink = 1010016;

const linksProvider = ({ ui }: WireFlow): boolean => (ui.messages ?? []).some(({ id }) => id === confirmLink);

/** What the page says better itself. */
const withoutInfo = (flow: WireFlow): WireFlow => ({
  ...flow,
  ui: { ...flow.ui, messages: (flow.ui.messages ?? []).filter(({ type }) => type !== "info") },
});

/** Sections of the settings whose forms name themselves behind their address. */
const sections = ["profile", "password", "oidc", "totp", "lookup_secret", "webauthn", "passkey"] as const;

/** For whoever sent a form of the settings with a session that was over: see pendingChangeNotice. */
const ended = (texts: Texts): Html =>
  html`<div class="ended">${sections.map(
    (section) => html`<span id="after-${section}"></span>`,
  )}${renderNotice("info", html`<p>${texts.text("login.reason.ended")}</p>`)}</div>`;

/**
 * Says which change waits. No flow tells; but the form that was sent put the
 * name of its section behind its address, redirects hand that on, and the
 * stylesheet shows the text that the address leads to, or else the general one.
 */
const pendingChangeNotice = (texts: Texts): Html =>
  html`<span class="waits">${sections.map(
    (section) => html`<span id="after-${section}">${texts.text(`refresh.why.${section}`)}</span>`,
  )}<span class="any">${texts.text("refresh.why")}</span></span>`;
