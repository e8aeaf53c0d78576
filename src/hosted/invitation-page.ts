import { type Answer, show } from "./answer.ts";
import { wayOn } from "./failed-page.ts";
import { html } from "./html.ts";
import type { Page } from "./page.ts";
import type { Texts } from "./texts.ts";
import type { Visit } from "./visit.ts";

/**
 * Creates the page that the link of an invitation leads to: a button accepts it. Opening it changes nothing, so that
 * programs that look at links in mails do not use it up. A browser whose button came too late is led back here.
 */
export const createInvitationPage =
  (publicUrl: string) =>
  async ({ texts, param }: Visit): Promise<Answer> => {
    if (param("over") !== undefined) return { kind: "page", status: 404, page: over(texts), cookies: [] };
    return show({
      title: texts.text("invitation.title"),
      lead: texts.text("invitation.text"),
      body: html`<form action="${publicUrl}/self-service/invitation" method="post">
<input type="hidden" name="token" value="${param("token") ?? ""}"><p class="ways">
<button type="submit" class="primary">${texts.text("invitation.go")}</button></p></form>`,
    });
  };

const over = (texts: Texts): Page => ({
  title: texts.text("invitation.over.title"),
  lead: texts.text("invitation.over.text"),
  mood: "error",
  body: wayOn("login", texts.text("login.title")),
});
