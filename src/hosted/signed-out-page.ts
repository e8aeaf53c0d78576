import { type Answer, show } from "./answer.ts";
import { wayOn } from "./failed-page.ts";
import { html } from "./html.ts";
import type { Visit } from "./visit.ts";

/** Answers with the page for someone who has signed out. */
export const showSignedOut = async ({ texts }: Visit): Promise<Answer> =>
  show({
    title: texts.text("signed_out.title"),
    lead: texts.text("signed_out.text"),
    body: html`<div data-forget-drafts></div>${wayOn("login", texts.text("login.title"))}`,
  });
