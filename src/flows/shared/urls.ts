import type { FlowKind, FlowRecord } from "./flow.ts";

/** The addresses of the flows, made of the configuration once. */
export interface FlowUrls {
  /** Where a form is sent. */
  submit(kind: FlowKind, id: string): string;
  /** Where a flow is created; empty and missing parameters are left out. */
  init(kind: FlowKind, type: "browser" | "api", query?: Readonly<Record<string, string | undefined>>): string;
  /** The page that shows flows of this kind, for browsers; with an id, that flow. */
  page(kind: FlowKind, id?: string): string;
  /** Same for a flow at hand; undefined for native apps, which have no pages. */
  pageOf(flow: Pick<FlowRecord, "kind" | "type" | "id">): string | undefined;
}

/**
 * Creates the addresses.
 *
 * @param publicBaseUrl base URL of the public port, with or without the slash
 * @param pages the configured `ui_url` of each kind; may be relative
 */
export const createFlowUrls = (publicBaseUrl: string, pages: Readonly<Record<FlowKind, string>>): FlowUrls => {
  const base = `${publicBaseUrl.replace(/\/+$/, "")}/self-service`;
  const pageOfFlow = {
    settings: aroundFlow(pages.settings),
    login: aroundFlow(pages.login),
    registration: aroundFlow(pages.registration),
    verification: aroundFlow(pages.verification),
    recovery: aroundFlow(pages.recovery),
  };
  const page: FlowUrls["page"] = (kind, id) => (id === undefined ? pages[kind] : pageOfFlow[kind](id));
  return {
    submit: (kind, id) => `${base}/${kind}?flow=${id}`,
    init: (kind, type, query = {}) => withQuery(`${base}/${kind}/${type}`, query),
    page,
    pageOf: (flow) => (flow.type === "browser" ? page(flow.kind, flow.id) : undefined),
  };
};

/** Adds the id of a flow to a page, of which everything else is known from the start. */
const aroundFlow = (page: string): ((id: string) => string) => {
  const [before = "", after = ""] = withQuery(page, { flow: "ID" }).split(/(?<=[?&]flow=)ID(?=#|$)/, 2);
  return (id) => `${before}${encodeURIComponent(id)}${after}`;
};

/** Adds parameters to an absolute or relative URL, keeping what it has. */
export const withQuery = (url: string, query: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(query).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
  );
  if (given.length === 0) return url;
  const [head = "", fragment] = url.split("#", 2);
  const params = new URLSearchParams(given).toString();
  const joined = `${head}${head.includes("?") ? "&" : "?"}${params}`;
  return fragment === undefined ? joined : `${joined}#${fragment}`;
};
