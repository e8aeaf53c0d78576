import { html } from "../html.ts";
import type { Flow } from "../ostiary.ts";
import { form, groupsOf } from "./form.ts";
import { messages } from "./input.ts";
import { page } from "./page.ts";

const titles: Readonly<Record<string, string>> = {
  profile: "Profile",
  password: "Password",
  oidc: "Linked accounts",
};

/** The view of a flow: what it says as a whole, and a form for each method. */
export const flowView = (title: string, action: string, flow: Flow): string =>
  page(
    title,
    messages(flow.ui.messages ?? []),
    groupsOf(flow).map((group) => {
      const name = titles[group] ?? group;
      return html`<section aria-label="${name}"><h2>${name}</h2>${form(action, flow, group)}</section>`;
    }),
  );
