import type { FastifyReply } from "fastify";
import { type Answer, show } from "./answer.ts";
import { html } from "./html.ts";
import { renderTime } from "./render-time.ts";
import { safeUrl } from "./safe-url.ts";
import type { Visit } from "./visit.ts";

/** A message that the server has sent. */
export interface MailboxMessage {
  readonly id: string;
  readonly to: string;
  readonly at: Date;
  readonly subject: string;
  readonly code: string | undefined;
  readonly url: string | undefined;
  readonly text: string;
  readonly html: string | undefined;
}

/** Reads the newest messages; there is one in development alone, where they are sent nowhere else. */
export type Mailbox = () => Promise<readonly MailboxMessage[]>;

/*
 * The page is for whoever develops, who has a log and a configuration in English
 * beside it: its own words are English.
 */

/** Creates the page that shows messages in place of a mail program. */
export const createMailboxPage =
  (mailbox: Mailbox) =>
  async ({ texts }: Visit): Promise<Answer> => {
    const messages = await mailbox();
    return show({
      title: "Mailbox",
      lead: "What the server would send if a mail server were configured. It is shown with --dev alone.",
      body: html`<p><a href="mailbox">Look again</a></p>${
        messages.length === 0
          ? html`<p class="empty">Nothing was sent yet.</p>`
          : html`<ul class="rows">${messages.map((message) => row(message, texts))}</ul>`
      }`,
    });
  };

const row = ({ id, to, at, subject, code, url, text, html: body }: MailboxMessage, texts: Visit["texts"]) =>
  html`<li><div class="what mail"><div><strong><bdi>${subject === "" ? "Text" : subject}</bdi></strong>
<span class="facts"><bdi>${to}</bdi> <span>${renderTime(at.toISOString(), texts)}</span></span></div>
${
  code !== undefined &&
  html`<p data-copy="${texts.text("copy")}"
data-copied="${texts.text("copied")}"><code>${code}</code></p>`
}
${url !== undefined && safeUrl(url) !== undefined && html`<p><a href="${url}">Follow its link</a></p>`}
<details><summary>What it says</summary><pre class="message" dir="auto">${text}</pre></details>
${body !== undefined && html`<p><a href="mailbox/${id}" target="_blank">As a mail program shows it</a></p>`}</div>
</li>`;

/**
 * Sends a message as a mail program shows it: without scripts, and with nothing of the page that opened it. Undefined
 * when there is no such message.
 */
export const sendMail =
  (mailbox: Mailbox) =>
  async (id: string, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const message = (await mailbox()).find((each) => each.id === id);
    if (message?.html === undefined) return undefined;
    return reply
      .headers({
        "cache-control": "private, no-cache, no-store, must-revalidate",
        "content-type": "text/html; charset=utf-8",
        "content-security-policy":
          "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; " +
          "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
      })
      .send(message.html);
  };

/** Whether a request came by a name of this server: a page of another site could have its own name lead here. */
export const isOwnHost = (host: string | undefined, publicBaseUrl: string): boolean => {
  const name = URL.parse(`http://${host ?? ""}/`)?.hostname;
  return name !== undefined && ["localhost", "127.0.0.1", "[::1]", new URL(publicBaseUrl).hostname].includes(name);
};
