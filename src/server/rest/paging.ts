import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import type { Route } from "./http-rule.ts";
import { queryOf } from "./query.ts";

type Fields = Readonly<Record<string, unknown>>;

const pagingNames = ["page_size", "page_token", "per_page", "page"];

/**
 * Compiles the `Link` header of a list, for a route whose request and answer
 * are paged by the usual field names; undefined for any other. `first` and
 * `next` keep what else the query says.
 */
export const compilePaging = (
  route: Route,
): ((request: Message, answer: Message, url: string) => string) | undefined => {
  const { input, output } = route.method;
  const next = named(output, "next_page_token");
  if (next === undefined || named(input, "page_token") === undefined) return undefined;
  const items = route.responseBody ?? output.fields.find((field) => field.fieldKind === "list");
  const sizes = ["page_size", "per_page"].map((name) => named(input, name)).filter((field) => field !== undefined);

  return (request, answer, url) => {
    const [path = ""] = url.split(/[?#]/, 1);
    const query = queryOf(url);
    // A page that another follows is full, so it tells the size that nobody asked for.
    const asked = sizes.map((field) => numberIn(request, field)).find((size) => size > 0);
    const size = asked ?? countIn(answer, items);
    const token = String(valueIn(answer, next) ?? "");
    const links = [link(path, query, size, undefined, "first")];
    if (token !== "") links.push(link(path, query, size, token, "next"));
    return links.join(",");
  };
};

const link = (path: string, query: string, size: number, token: string | undefined, rel: string): string => {
  const parameters = new URLSearchParams(query);
  for (const name of pagingNames) parameters.delete(name);
  if (size > 0) parameters.set("page_size", String(size));
  if (token !== undefined) parameters.set("page_token", token);
  const text = parameters.toString();
  return `<${path}${text === "" ? "" : "?"}${text}>; rel="${rel}"`;
};

const named = (desc: DescMessage, name: string): DescField | undefined =>
  desc.fields.find((field) => field.name === name);

const valueIn = (message: Message, field: DescField): unknown => (message as unknown as Fields)[field.localName];

const numberIn = (message: Message, field: DescField): number => Number(valueIn(message, field) ?? 0);

const countIn = (message: Message, field: DescField | undefined): number => {
  const value = field && valueIn(message, field);
  return Array.isArray(value) ? value.length : 0;
};
