import type { Answer } from "./answer.ts";
import type { Got } from "./api.ts";
import type { TextKey } from "./catalogues.ts";
import { type Content, type Html, html } from "./html.ts";
import type { Page } from "./page.ts";
import { renderTime } from "./render-time.ts";
import type { Texts } from "./texts.ts";
import type { WireError } from "./wire.ts";

/** A case of the catalogue: `error.<case>.title` and `error.<case>.text`. */
type Case = Extract<TextKey, `error.${string}.title`> extends `error.${infer Name}.title` ? Name : never;

/** The errors that a person can do something about, by id (docs/errors.md). */
const byId: Readonly<Record<string, Case>> = {
  security_csrf_violation: "csrf",
  security_identity_mismatch: "other_account",
  self_service_flow_expired: "expired",
  self_service_flow_return_to_forbidden: "link",
  self_service_flow_disabled: "flow_off",
  session_already_available: "signed_in",
  session_inactive: "signed_out",
  session_aal1_required: "signed_out",
  identity_disabled: "account_off",
};

const byCode: Readonly<Record<number, Case>> = {
  401: "signed_out",
  403: "403",
  404: "404",
  410: "expired",
  412: "409",
  413: "413",
  429: "429",
  502: "upstream",
  503: "503",
};

const caseOf = ({ id, code }: WireError): Case =>
  byId[id ?? ""] ?? byCode[code ?? 0] ?? (code !== undefined && code >= 400 && code < 500 ? "400" : "500");

/** What an error page is made of besides the error. */
export interface ErrorPageOptions {
  /** When it happened, if that is known. */
  readonly at?: Date | undefined;
  /** In front of every address of the pages. */
  readonly root?: string;
}

/** An error of the API in words for people; what the API says itself is for whoever is asked for help. */
export const errorPage = (error: WireError, texts: Texts, { at, root = "" }: ErrorPageOptions = {}): Page => {
  const found = caseOf(error);
  const until = found === "429" ? untilOf(error, at) : undefined;
  return {
    title: texts.text(`error.${found}.title`),
    mood: "error",
    body: html`<p class="lead">${
      until === undefined
        ? texts.text(`error.${found}.text`)
        : texts.rich("error.429.until", { time: renderTime(until.toISOString(), texts) })
    }</p>
<p class="ways"><a class="button primary" href="${root === "" ? "./" : root}">${texts.text("back_to_start")}</a></p>
${facts(error, texts)}`,
  };
};

/** When to come back. */
const untilOf = ({ details }: WireError, at = new Date()): Date | undefined => {
  const seconds = Number(details?.retry_after);
  // What is soon over is rounded up: nobody should come a moment too early.
  return seconds > 0 && seconds < 1e7
    ? new Date(Math.ceil((at.getTime() + seconds * 1_000) / 60_000) * 60_000)
    : undefined;
};

/** What to tell those who are asked for help. */
const facts = (error: WireError, texts: Texts): Content => {
  const list = [
    ["code", error.code === undefined ? undefined : `${error.code} ${error.status ?? ""}`.trim()],
    ["error", error.id],
    [
      "message",
      [error.message, error.reason].filter((part, at, all) => part !== undefined && all.indexOf(part) === at).join(" "),
    ],
    ["request", error.request],
  ] as const;
  const given = list.filter((fact) => fact[1] !== undefined && fact[1] !== "");
  return (
    given.length > 0 &&
    html`<details class="facts-box"><summary>${texts.text("error.details")}</summary>
<dl data-copy="${texts.text("copy")}" data-copied="${texts.text("copied")}" lang="en" dir="ltr">${given.map(
      ([name, value]) =>
        html`<div><dt lang="${texts.language}">${texts.text(`error.details.${name}`)}</dt><dd>${value}</dd></div>`,
    )}</dl></details>`
  );
};

/** An answer of the API that no page can make anything of. */
export const failed = (got: Extract<Got<unknown>, { kind: "refused" }>, texts: Texts): Answer => ({
  kind: "page",
  status: got.status >= 400 && got.status < 600 ? got.status : 502,
  page: errorPage(withRetry(got), texts),
  cookies: got.cookies,
  retryAfter: got.retryAfter,
});

const withRetry = ({ error, status, retryAfter }: Extract<Got<unknown>, { kind: "refused" }>): WireError => ({
  code: status,
  ...error,
  details: { ...error.details, ...(retryAfter !== undefined && { retry_after: retryAfter }) },
});

/** A page of few words with one thing to do. */
export const plainPage = (texts: Texts, name: Case, href: string, label: TextKey): Page => ({
  title: texts.text(`error.${name}.title`),
  mood: "error",
  body: html`<p class="lead">${texts.text(`error.${name}.text`)}</p>
${wayOn(href, texts.text(label))}`,
});

/** A link that looks like the one thing to do. */
export const wayOn = (href: string, label: string): Html =>
  html`<p class="ways"><a class="button primary" href="${href}">${label}</a></p>`;
