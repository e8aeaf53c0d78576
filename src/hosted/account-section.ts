import type { Api } from "./api.ts";
import { durationIn } from "./duration-in.ts";
import { html } from "./html.ts";
import { renderNotice } from "./render-messages.ts";
import type { Section } from "./render-sections.ts";
import { renderTime } from "./render-time.ts";
import type { Texts } from "./texts.ts";

/** What the API says of the deletion of an account. */
export interface WireDeletion {
  readonly deletion?: { readonly due_at: string } | null;
  /** Seconds. */
  readonly delay: number;
  readonly enabled: boolean;
}

/** Asks whether the account is to be deleted; undefined when the person is not signed in far enough. */
export const findDeletion = async (api: Api): Promise<WireDeletion | undefined> => {
  const got = await api.get<WireDeletion>("/account/deletion");
  return got.kind === "ok" ? got.body : undefined;
};

/**
 * Renders how a person takes along what is stored about them: a file, without a script. It is the stream, as one answer
 * has 8 MiB at most.
 */
export const renderData = (texts: Texts, publicUrl: string): Section => {
  const title = texts.text("data.title");
  return {
    id: "data",
    title,
    body: html`<section class="panel" id="data" aria-labelledby="section-data">
<header><h2 id="section-data">${title}</h2><p>${texts.text("data.about")}</p></header>
<div class="actions">
<a class="button secondary" href="${publicUrl}/account/export/stream">${texts.text("data.download")}</a>
</div>
</section>`,
  };
};

/** What the section is rendered with. */
export interface AccountSectionOptions {
  readonly texts: Texts;
  /** The address of the page that shows it, relative to the pages. */
  readonly back: string;
  /** What was said about the account just now: `kept`. */
  readonly said: string | undefined;
}

/** Renders how a person deletes their account, or keeps it after all; undefined where there is nothing to do. */
export const renderAccount = (
  { deletion, delay, enabled }: WireDeletion,
  { texts, back, said }: AccountSectionOptions,
): Section | undefined => {
  const waits = deletion ?? undefined;
  if (waits === undefined && !enabled) return undefined;
  const title = texts.text("account.title");
  const about =
    delay === 0
      ? texts.text("account.about.at_once")
      : texts.text("account.about", { duration: durationIn(texts.language, delay) });
  const waiting = texts.rich("account.waits", { time: waits && renderTime(waits.due_at, texts) });
  const keep = html`${renderNotice("info", html`<p>${waiting}</p>`)}
<form action="keep-account" method="post"><input type="hidden" name="back" value="${back}"><div class="actions">
<button type="submit" class="primary">${texts.text("account.keep")}</button></div></form>`;
  const remove = html`<form action="delete-account" method="post"><input type="hidden" name="back" value="${back}">
<div class="entries"><div class="field checkbox">
<input type="checkbox" id="account-confirm" name="confirm" value="true" required>
<label for="account-confirm">${texts.text("account.confirm")}</label></div></div>
<div class="actions"><button type="submit" class="danger">${texts.text("account.delete")}</button></div></form>`;
  return {
    id: "account",
    title,
    body: html`<section class="panel" id="account" aria-labelledby="section-account">
<header><h2 id="section-account">${title}</h2>${waits === undefined && html`<p>${about}</p>`}</header>
${said === "kept" && waits === undefined && renderNotice("success", html`<p>${texts.text("account.kept")}</p>`)}
${waits === undefined ? remove : keep}
</section>`,
  };
};
