import { type Answer, show } from "./answer.ts";
import { failed, wayOn } from "./failed-page.ts";
import { html } from "./html.ts";
import { renderTime } from "./render-time.ts";
import type { Texts } from "./texts.ts";
import type { Visit } from "./visit.ts";

/** A change that can be undone, as the API tells it. */
interface WireUndo {
  readonly value: string;
  readonly changed_at: string;
  readonly expires_at: string;
}

/**
 * Creates the page that the message about a changed address leads to: it says what would be undone, and does so by a
 * button. Opening it changes nothing.
 */
export const createAddressUndoPage =
  (publicUrl: string) =>
  async ({ api, texts, param }: Visit): Promise<Answer> => {
    if (param("done") !== undefined) return show(done(texts));
    const token = param("token") ?? "";
    const got = await api.get<WireUndo>(`/self-service/address-undo?token=${encodeURIComponent(token)}`);
    if (got.kind === "refused")
      return got.status === 404 || got.status === 400
        ? { kind: "page", status: got.status, page: tooLate(texts), cookies: got.cookies }
        : failed(got, texts);
    const { value, changed_at: changed, expires_at: until } = got.body;
    return show(
      {
        title: texts.text("undo.title"),
        lead: texts.rich("undo.lead", { address: html`<bdi>${value}</bdi>`, time: renderTime(changed, texts) }),
        body: html`<p>${texts.text("undo.effect")}</p>
<form action="${publicUrl}/self-service/address-undo" method="post"><input type="hidden" name="token" value="${token}">
<p class="ways"><button type="submit" class="primary">${texts.text("undo.go")}</button></p></form>
<p class="hint">${texts.rich("undo.until", { time: renderTime(until, texts) })}</p>`,
      },
      got.cookies,
    );
  };

const done = (texts: Texts) => ({
  title: texts.text("undo.done.title"),
  mood: "saved" as const,
  lead: texts.text("undo.done.text"),
  body: wayOn("recovery", texts.text("undo.done.go")),
});

const tooLate = (texts: Texts) => ({
  title: texts.text("undo.late.title"),
  mood: "error" as const,
  lead: texts.text("undo.late.text"),
  body: wayOn("recovery", texts.text("undo.done.go")),
});
