import type { FastifyRequest } from "fastify";
import { type Answer, goTo, show } from "./answer.ts";
import type { Got } from "./api.ts";
import type { InitUrl } from "./api-urls.ts";
import { failed, wayOn } from "./failed-page.ts";
import { type Html, html } from "./html.ts";
import { foreign, isFromPage, placeOf, readForm } from "./own-form.ts";
import { personOf } from "./person.ts";
import { providerName } from "./provider-mark.ts";
import { renderNotice } from "./render-messages.ts";
import type { Section } from "./render-sections.ts";
import type { Texts } from "./texts.ts";
import type { Visit } from "./visit.ts";
import type { WireSession } from "./wire.ts";

/*
 * The merge of two accounts: the section of the settings page where it begins, and the pages that follow. A code is
 * shown in an answer and never in an address. None of it needs a script.
 */

/** What the API says of a merge. */
interface WireMerge {
  readonly items?: readonly WireItem[];
  readonly refusals?: readonly string[];
  readonly etag: string;
}

interface WireItem {
  readonly kind: string;
  readonly name?: string;
  readonly comes?: boolean;
  readonly reason?: string;
}

/** Renders where a merge begins, and where the code of another account is given. */
export const renderMerging = (texts: Texts, back: string): Section => {
  const title = texts.text("merge.title");
  const place = html`<input type="hidden" name="back" value="${back}">`;
  return {
    id: "merge",
    title,
    body: html`<section class="panel" id="merge" aria-labelledby="section-merge">
<header><h2 id="section-merge">${title}</h2><p>${texts.text("merge.about")}</p></header>
${renderNotice("info", html`<p>${texts.text("merge.warning")}</p>`)}
<form action="merge-begin" method="post">${place}<div class="actions">
<button type="submit" class="secondary">${texts.text("merge.begin")}</button></div></form>
<form action="merge-offer" method="post">${place}<div class="entries"><div class="field">
<label for="merge-code">${texts.text("merge.code")}</label><input type="text" id="merge-code" name="code"
  maxlength="100" required autocomplete="off" spellcheck="false" autocapitalize="none" dir="ltr"></div></div>
<div class="actions"><button type="submit" class="secondary">${texts.text("merge.offer")}</button></div></form>
</section>`,
  };
};

/** Answers everything about a merge. */
export interface MergePages {
  readonly begin: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
  readonly offer: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
  /** What would become of both. Looking changes nothing. */
  readonly look: (visit: Visit) => Promise<Answer>;
  readonly confirm: (visit: Visit, request: FastifyRequest) => Promise<Answer>;
}

/** What `createMergePages` needs. */
export interface MergePagesDeps {
  readonly publicUrl: string;
  readonly initUrl: InitUrl;
}

/** Creates the answers. */
export const createMergePages = ({ publicUrl, initUrl }: MergePagesDeps): MergePages => {
  const { origin } = new URL(`${publicUrl}/`);

  /** Whoever must sign in again first is sent there. */
  const refusal = (got: Refused, { texts }: Visit): Answer => {
    if (got.redirectTo !== undefined) return goTo(got.redirectTo, got.cookies);
    return got.status === 401 ? goTo(initUrl("login"), got.cookies) : failed(got, texts);
  };

  const begin: MergePages["begin"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const { api, texts } = visit;
    const got = await api.post<{ readonly code: string }>("/account/merge", {});
    if (got.kind === "refused") return refusal(got, visit);
    return show(
      {
        title: texts.text("merge.code.title"),
        lead: texts.text("merge.code.text"),
        body: html`<p class="copy" data-copy="${texts.text("copy")}" data-copied="${texts.text("copied")}"><code
  dir="ltr">${got.body.code}</code>
</p>${renderNotice("info", html`<p>${texts.text("merge.warning")}</p>`)}${wayOn("merge", texts.text("merge.look"))}`,
      },
      got.cookies,
    );
  };

  const offer: MergePages["offer"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const { api, texts } = visit;
    const form = readForm(request.body);
    const got = await api.post("/account/merge/offer", { code: (form.get("code") ?? "").trim() });
    if (got.kind === "refused" && got.error.details?.field === "code")
      return notOffered(got, visit, placeOf(form.get("back")));
    if (got.kind === "refused") return refusal(got, visit);
    return show(
      {
        title: texts.text("merge.offered.title"),
        lead: texts.text("merge.offered.text"),
        body: wayOn(placeOf(form.get("back")), texts.text("merge.back")),
      },
      got.cookies,
    );
  };

  const look: MergePages["look"] = async (visit) => {
    const { api, texts } = visit;
    const [got, who] = await Promise.all([
      api.get<WireMerge>("/account/merge"),
      api.get<WireSession>("/sessions/whoami"),
    ]);
    const { address } = personOf(who.kind === "ok" ? who.body.identity : undefined);
    if (got.kind === "ok")
      return show(
        {
          title: texts.text("merge.show.title"),
          lead: texts.rich("merge.show.stays", { address: html`<strong><bdi>${address}</bdi></strong>` }),
          body: renderMerge(got.body, texts),
        },
        got.cookies,
      );
    if (got.status !== 404) return refusal(got, visit);
    return {
      kind: "page",
      status: 404,
      page: {
        title: texts.text("merge.none.title"),
        lead: texts.text("merge.none.text"),
        body: wayOn("merge", texts.text("merge.look")),
      },
      cookies: got.cookies,
    };
  };

  const confirm: MergePages["confirm"] = async (visit, request) => {
    if (!isFromPage(request, origin)) return foreign(visit);
    const { api, texts } = visit;
    const form = readForm(request.body);
    if (form.get("confirm") !== "true") return goTo("merge");
    const got = await api.post("/account/merge/confirm", { etag: form.get("etag") ?? "" });
    // What has changed since is to be looked at again.
    if (got.kind === "refused" && (got.status === 412 || got.status === 404)) return goTo("merge", got.cookies);
    if (got.kind === "refused" && got.error.id === "merge_refused") return refused(got, texts);
    if (got.kind === "refused") return refusal(got, visit);
    return show(
      {
        title: texts.text("merge.done.title"),
        lead: texts.text("merge.done.text"),
        body: wayOn("./", texts.text("back_to_start")),
      },
      got.cookies,
    );
  };

  return { begin, offer, look, confirm };
};

type Refused = Extract<Got<unknown>, { kind: "refused" }>;

/** The code is good no more, or of the account that it was given for. */
const notOffered = ({ status, cookies }: Refused, { texts }: Visit, back: string): Answer => {
  const name = status === 404 ? "wrong" : "same";
  return {
    kind: "page",
    status,
    page: {
      title: texts.text(`merge.${name}.title`),
      lead: texts.text(`merge.${name}.text`),
      mood: "error",
      body: wayOn(`${back}#merge`, texts.text("merge.back")),
    },
    cookies,
  };
};

/** What keeps the two from being merged, where it was found out at the end. */
const refused = ({ cookies, error, status }: Refused, texts: Texts): Answer => {
  const { refusals } = error.details ?? {};
  return {
    kind: "page",
    status,
    page: {
      title: texts.text("merge.show.refused"),
      mood: "error",
      body: renderRefused(Array.isArray(refusals) ? refusals.map(String) : [], texts),
    },
    cookies,
  };
};

const renderRefusals = (refusals: readonly string[], texts: Texts): Html =>
  renderNotice("error", html`${refusals.map((each) => html`<p>${texts.find([`merge.refusal.${each}`]) ?? each}</p>`)}`);

/** The refusals, and the way back to the settings. */
const renderRefused = (refusals: readonly string[], texts: Texts): Html =>
  html`${renderRefusals(refusals, texts)}${wayOn("settings#merge", texts.text("merge.back"))}`;

/** The API names a provider by its id, and behind it the account there. */
const accountOf = (name: string): string => {
  const [provider = "", ...account] = name.split(": ");
  return [providerName(provider), ...account].join(": ");
};

const renderMerge = ({ items = [], refusals = [], etag }: WireMerge, texts: Texts): Html => {
  const text = (key: string, fallback: string): string => texts.find([`merge.${key}`]) ?? fallback;
  const row = ({ kind, name = "", reason = "" }: WireItem): Html =>
    html`<li><div class="what"><strong>${text(`kind.${kind}`, kind)}</strong>${
      name !== "" && html`<span class="facts"><bdi>${kind === "oidc" ? accountOf(name) : name}</bdi></span>`
    }${reason !== "" && html`<span class="facts">${text(`reason.${reason}`, reason)}</span>`}</div></li>`;
  const list = (title: "merge.show.comes" | "merge.show.lost", of: readonly WireItem[]) =>
    of.length > 0 &&
    html`<section class="panel"><h2>${texts.text(title)}</h2><ul class="rows">${of.map(row)}</ul></section>`;
  const why = html`<h2>${texts.text("merge.show.refused")}</h2>${renderRefused(refusals, texts)}`;
  const form = html`<form action="merge-confirm" method="post"><input type="hidden" name="etag" value="${etag}">
<div class="entries"><div class="field checkbox">
<input type="checkbox" id="merge-confirm" name="confirm" value="true" required>
<label for="merge-confirm">${texts.text("merge.sure")}</label></div></div>
<p class="ways"><button type="submit" class="danger">${texts.text("merge.confirm")}</button></p></form>`;
  return html`${list(
    "merge.show.comes",
    items.filter(({ comes }) => comes),
  )}${list(
    "merge.show.lost",
    items.filter(({ comes }) => !comes),
  )}${refusals.length > 0 ? why : form}`;
};
