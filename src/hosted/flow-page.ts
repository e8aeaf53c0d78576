import { type Answer, goTo, show } from "./answer.ts";
import type { Got } from "./api.ts";
import type { InitUrl, PageKind, Query } from "./api-urls.ts";
import type { BeginAgain } from "./begin-again.ts";
import { failed } from "./failed-page.ts";
import type { Page } from "./page.ts";
import { safeUrl } from "./safe-url.ts";
import type { Visit } from "./visit.ts";
import type { WireFlow } from "./wire.ts";

/** The page of one kind of flow. */
export interface FlowPage {
  readonly kind: PageKind;
  /** Parameters that are passed to the API when a flow is created. */
  readonly carried: readonly string[];
  readonly show: (flow: WireFlow, visit: Visit) => Promise<Page>;
}

/** What `createFlowAnswers` needs. */
export interface FlowAnswersDeps {
  readonly initUrl: InitUrl;
  readonly beginAgain: BeginAgain;
}

/**
 * Creates what all pages with a flow have in common: no flow → begin one; the
 * flow as the API shows it → its page; refused → wherever the refusal leads.
 */
export const createFlowAnswers = ({
  initUrl,
  beginAgain,
}: FlowAnswersDeps): ((page: FlowPage, visit: Visit) => Promise<Answer>) => {
  const refused = (kind: PageKind, visit: Visit, got: Extract<Got<WireFlow>, { kind: "refused" }>): Answer => {
    const { status, error, redirectTo, cookies } = got;
    const known = error.details?.return_to;
    const returnTo = visit.param("return_to") ?? (typeof known === "string" ? known : undefined);
    if (error.id === "session_aal2_required" && redirectTo !== undefined && safeUrl(redirectTo) !== undefined)
      return goTo(redirectTo, cookies);
    if (error.id === "security_csrf_violation") return beginAgain.next(kind, visit, returnTo);
    if (status === 401) return goTo(initUrl("login", { return_to: initUrl(kind, { return_to: returnTo }) }), cookies);
    if (status === 403 || status === 404 || status === 410)
      return goTo(initUrl(kind, { return_to: returnTo }), cookies);
    return failed(got, visit.texts);
  };

  return async ({ kind, carried, show: present }, visit) => {
    const id = visit.param("flow");
    if (id === undefined) {
      const query: Query = Object.fromEntries(carried.map((name) => [name, visit.param(name)]));
      return beginAgain.stopped(kind, visit) ?? goTo(initUrl(kind, query));
    }
    const got = await visit.api.get<WireFlow>(`/self-service/${kind}/flows?id=${encodeURIComponent(id)}`);
    if (got.kind === "refused") return refused(kind, visit, got);
    // The token in the form belongs to the cookie of this very answer: no other answer's cookies may follow.
    return show(await present(got.body, visit), got.cookies);
  };
};
