import type { Answer } from "./answer.ts";
import type { Got } from "./api.ts";
import { type Content, html } from "./html.ts";
import type { Page } from "./page.ts";
import type { WireError } from "./wire.ts";

/** An error of the API, for people. */
export const errorPage = (error: WireError, title = "Something went wrong"): Page => {
  const hint = error.details?.hint;
  return {
    title,
    hasErrors: true,
    body: html`<div class="notice error" role="alert">
  <p>${error.message ?? "An error occurred that we know nothing more about."}</p>
  ${error.reason !== undefined && error.reason !== error.message && html`<p>${error.reason}</p>`}
</div>
${typeof hint === "string" && html`<p class="hint">${hint}</p>`}
${facts(error)}
${home}`,
  };
};

/** What to tell those who are asked for help. */
const facts = (error: WireError): Content => {
  const request = (error as { readonly request?: unknown }).request;
  const list = [
    ["Code", error.code === undefined ? undefined : `${error.code} ${error.status ?? ""}`.trim()],
    ["Error", error.id],
    ["Request", typeof request === "string" ? request : undefined],
  ].filter((fact) => fact[1] !== undefined && fact[1] !== "");
  return (
    list.length > 0 && html`<dl>${list.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
  );
};

const home = html`<p class="links"><a href="./">Back to the start</a></p>`;

/** An answer of the API that no page can make anything of. */
export const failed = (got: Extract<Got<unknown>, { kind: "refused" }>): Answer => ({
  kind: "page",
  status: got.status >= 400 && got.status < 600 ? got.status : 502,
  page: errorPage(got.error),
  cookies: got.cookies,
  retryAfter: got.retryAfter,
});

/** A page that does not exist. */
export const notFound: Page = {
  title: "There is no such page",
  body: html`<p>The address may be mistyped, or the page is gone.</p>
${home}`,
};

/** The API could not be asked at all. */
export const unavailable: Page = {
  title: "This page cannot be shown right now",
  hasErrors: true,
  body: html`<p>Please try again in a moment.</p>
${home}`,
};
