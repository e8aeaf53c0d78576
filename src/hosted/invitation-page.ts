import { type Answer, show } from "./answer.ts";
import { html } from "./html.ts";
import type { Visit } from "./visit.ts";

/**
 * Creates the page that the link of an invitation leads to: a button accepts it. Opening it changes nothing, so that
 * programs that look at links in mails do not use it up.
 */
export const createInvitationPage =
  (publicUrl: string) =>
  async ({ texts, param }: Visit): Promise<Answer> =>
    show({
      title: texts.text("invitation.title"),
      lead: texts.text("invitation.text"),
      body: html`<form action="${publicUrl}/self-service/invitation" method="post"><input type="hidden" name="token" value="${param("token") ?? ""}"><p class="ways"><button type="submit" class="primary">${texts.text("invitation.go")}</button></p></form>`,
    });
