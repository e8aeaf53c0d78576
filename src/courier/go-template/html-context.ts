import type { Node } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";

/** Where in HTML a value stands, which says how it is escaped. */
export type HtmlContext = "text" | "attribute" | "url" | "style";

/** Where in a document something is. */
type State =
  | { readonly in: "text" | "comment" | "tag" }
  /** Elements whose content is no HTML: `script`, `style`; in `title` and `textarea` it is text. */
  | { readonly in: "raw"; readonly element: string }
  | { readonly in: "value"; readonly attribute: string; readonly quote: string; readonly element: string };

const urlAttributes = /^(?:href|src|action|formaction|background|cite|poster|srcset|data)$/i;
const rawElements = /^(?:script|style|title|textarea)$/i;

/**
 * Finds where in the HTML each value of a template stands. The branches of an `if` must end in the same place.
 *
 * @throws TemplateError where a value could change what the document is: in the name of an element or attribute, in
 * scripts and styles, and in attributes without quotes
 */
export const findHtmlContexts = (nodes: readonly Node[]): ReadonlyMap<Node, HtmlContext> => {
  const contexts = new Map<Node, HtmlContext>();
  const walk = (all: readonly Node[], from: State): State => all.reduce((state, node) => step(node, state), from);
  const step = (node: Node, state: State): State => {
    switch (node.kind) {
      case "text":
        return scan(node.text, state);
      case "print":
        contexts.set(node, contextOf(state, node.line));
        return state;
      case "if":
      case "with":
      case "range":
        walk(node.otherwise, state);
        return walk(node.then, state);
      default:
        return state;
    }
  };
  walk(nodes, { in: "text" });
  return contexts;
};

const contextOf = (state: State, line: number): HtmlContext => {
  if (state.in === "raw") {
    if (!/^(?:script|style)$/i.test(state.element)) return "text";
    throw new TemplateError(line, `a value cannot stand within <${state.element}>`);
  }
  if (state.in === "tag") throw new TemplateError(line, "a value within a tag must stand in an attribute with quotes");
  if (state.in !== "value") return "text";
  if (/^on/i.test(state.attribute)) throw new TemplateError(line, `a value cannot stand in ${state.attribute}`);
  if (/^style$/i.test(state.attribute)) return "style";
  return urlAttributes.test(state.attribute) ? "url" : "attribute";
};

/** Follows a piece of HTML. */
const scan = (html: string, from: State): State => {
  let state = from;
  let element = from.in === "raw" || from.in === "value" ? from.element : "";
  for (let at = 0; at < html.length; ) {
    const rest = html.slice(at);
    const [next, length]: readonly [State, number] = advance(rest, state, element);
    // A closing tag opens nothing.
    if (state.in === "text" && next.in === "tag") element = /^<([a-z][\w:-]*)/i.exec(rest)?.[1] ?? "";
    if (state.in === "raw" && next.in === "tag") element = "";
    state = next;
    at += Math.max(length, 1);
  }
  return state;
};

/** The next state, and how many characters lead to it. */
const advance = (rest: string, state: State, element: string): readonly [State, number] => {
  switch (state.in) {
    case "text":
      return inText(rest);
    case "comment":
      return upTo(rest, "-->", state);
    case "raw": {
      const end = rest.toLowerCase().indexOf(`</${state.element.toLowerCase()}`);
      return end === -1 ? [state, rest.length] : [{ in: "tag" }, end + state.element.length + 2];
    }
    case "value": {
      const end = rest.indexOf(state.quote);
      return end === -1 ? [state, rest.length] : [{ in: "tag" }, end + 1];
    }
    case "tag":
      return inTag(rest, element);
  }
};

const upTo = (rest: string, end: string, state: State): readonly [State, number] => {
  const at = rest.indexOf(end);
  return at === -1 ? [state, rest.length] : [{ in: "text" }, at + end.length];
};

const inText = (rest: string): readonly [State, number] => {
  if (rest.startsWith("<!--")) return [{ in: "comment" }, 4];
  const tag = /^<\/?[a-z][\w:-]*/i.exec(rest);
  if (tag !== null) return [{ in: "tag" }, tag[0].length];
  const next = rest.indexOf("<", 1);
  return [{ in: "text" }, next === -1 ? rest.length : next];
};

const inTag = (rest: string, element: string): readonly [State, number] => {
  if (rest.startsWith(">")) return [rawElements.test(element) ? { in: "raw", element } : { in: "text" }, 1];
  const attribute = /^([^\s"'<>/=]+)\s*=\s*(["'])/.exec(rest);
  const [whole, name = "", quote = ""] = attribute ?? [];
  if (whole !== undefined) return [{ in: "value", attribute: name, quote, element }, whole.length];
  return [{ in: "tag" }, /^[^\s"'<>/=]+(?:\s*=\s*[^\s"'>]+)?/.exec(rest)?.[0].length ?? 1];
};
