import { TemplateError } from "./template-error.ts";

/** What the value of an attribute is. */
export type AttributeKind = "plain" | "url" | "srcset" | "style" | "script" | "meta";

/** How far a URL has come: what may follow differs. `unknown`: branches leave it in different parts. */
export type UrlPart = "start" | "path" | "query" | "unknown";

/** Where in a document something is. */
export type HtmlState =
  | { readonly in: "text" | "comment" }
  | {
      /** Between attributes; in the name of one, after it; after its `=`. */
      readonly in: "tag" | "name" | "named" | "assigned";
      readonly element: string;
      readonly attribute: string;
    }
  /** Elements whose content is no HTML: `script`, `style`; in `title` and `textarea` it is text. */
  | { readonly in: "raw"; readonly element: string }
  | {
      readonly in: "value";
      readonly element: string;
      readonly attribute: string;
      readonly kind: AttributeKind;
      /** Empty: it ends with the next space. */
      readonly quote: string;
      readonly part: UrlPart;
      /** Of a style: what is open, such as a quote or `url(`. Of a `meta`: `url` once that is what follows. */
      readonly within: string;
    };

/** Where a document begins. */
export const startOfHtml: HtmlState = { in: "text" };

/** A text for a state: two that are equal have the same. */
export const stateKey = (state: HtmlState): string => JSON.stringify(state);

const isAtName = (state: HtmlState): state is HtmlState & { readonly in: "tag" | "name" | "named" } =>
  state.in === "tag" || state.in === "name" || state.in === "named";

/**
 * Where it goes on after two branches that end in these places.
 *
 * @throws TemplateError when they end in places where different rules apply
 */
export const joinStates = (a: HtmlState, b: HtmlState, line: number): HtmlState => {
  if (stateKey(a) === stateKey(b)) return a;
  if (a.in === "value" && b.in === "value") {
    const joined = { ...a, part: b.part };
    if (stateKey(joined) === stateKey(b)) return { ...a, part: "unknown" };
  }
  // `<input {{ if .X }}checked{{ end }}>`: an attribute without a value is one of the two.
  if (isAtName(a) && isAtName(b) && a.element === b.element) {
    const [, other] = a.in === "tag" ? [a, b] : [b, a];
    if ((a.in === "tag" || b.in === "tag") && kindOf(other.element, other.attribute) === "plain") return other;
  }
  throw new TemplateError(line, "its branches end in different places of the HTML");
};

const urls = new Set(
  [
    "action archive background cite classid codebase data formaction href icon longdesc",
    "manifest poster profile src usemap xmlns",
  ].flatMap((names) => names.split(" ")),
);
const plain = /^(?:contextmenu|controls|contenteditable|srclang)$/;

/** What the value of an attribute of an element is. */
export const kindOf = (element: string, attribute: string): AttributeKind => {
  const lower = attribute.toLowerCase();
  if (element === "meta" && lower === "content") return "meta";
  if (lower.startsWith("xmlns:")) return "url";
  const name = lower.startsWith("data-") ? lower.slice(5) : lower.replace(/^[^:]*:/, "");
  if (name === "srcset" || name === "style") return name;
  if (urls.has(name)) return "url";
  if (plain.test(name)) return "plain";
  // The document of a frame is HTML within an attribute.
  if (name.startsWith("on") || name === "srcdoc") return "script";
  return /src|uri|url/.test(name) ? "url" : "plain";
};
