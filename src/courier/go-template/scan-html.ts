import { type HtmlState, kindOf } from "./html-state.ts";
import { followStyle, withoutStyleComments } from "./scan-style.ts";
import { TemplateError } from "./template-error.ts";

/** A piece of HTML that was followed. */
export interface ScannedHtml {
  /** As it is written: without comments, and with `<` that opens no element as an entity. */
  readonly text: string;
  readonly end: HtmlState;
}

/** How HTML is followed. */
export interface ScanOptions {
  readonly from: HtmlState;
  readonly line: number;
  /** Whether comments stay, which some mail programs read. */
  readonly hasComments: boolean;
}

/** What a step makes of the text that it goes over. */
interface Step {
  readonly next: HtmlState;
  readonly length: number;
  /** Left out: the text as it is. */
  readonly text?: string;
}

/**
 * Follows a piece of HTML.
 *
 * @throws TemplateError for HTML that browsers read in different ways
 */
export const scanHtml = (html: string, { from, line, hasComments }: ScanOptions): ScannedHtml => {
  let end = from;
  let text = "";
  for (let at = 0; at < html.length; ) {
    const rest = html.slice(at);
    const step = advance(rest, end);
    if (step === undefined)
      throw new TemplateError(line, `${JSON.stringify(rest.slice(0, 12))} cannot stand there within a tag`);
    const isComment = end.in === "comment" || step.next.in === "comment";
    text += isComment && hasComments ? rest.slice(0, step.length) : (step.text ?? rest.slice(0, step.length));
    end = step.next;
    at += step.length;
  }
  return { text, end };
};

const advance = (rest: string, state: HtmlState): Step | undefined => {
  switch (state.in) {
    case "text":
      return inText(rest);
    case "comment": {
      const end = rest.indexOf("-->");
      return end === -1
        ? { next: state, length: rest.length, text: "" }
        : { next: { in: "text" }, length: end + 3, text: "" };
    }
    case "raw":
      return inRaw(rest, state);
    case "value":
      return inValue(rest, state);
    default:
      return inTag(rest, state);
  }
};

const inText = (rest: string): Step => {
  if (rest.startsWith("<!--")) return { next: { in: "comment" }, length: 4, text: "" };
  const tag = /^<(\/?)([a-z](?:[a-z0-9]|[:-](?=[a-z0-9]))*)/i.exec(rest);
  if (tag !== null) {
    // A closing tag opens nothing.
    const element = tag[1] === "/" ? "" : (tag[2]?.toLowerCase() ?? "");
    return { next: { in: "tag", element, attribute: "" }, length: tag[0].length };
  }
  const next = rest.indexOf("<", 1);
  const text = next === -1 ? rest : rest.slice(0, next);
  return { next: { in: "text" }, length: text.length, text: withoutStray(text) };
};

/** What looks like a tag and is none is a text. */
const withoutStray = (text: string): string => text.replace(/<(?!!doctype)/gi, "&lt;");

const rawElements = /^(?:script|style|title|textarea)$/;

const inRaw = (rest: string, state: HtmlState & { readonly in: "raw" }): Step => {
  const end = rest.search(new RegExp(`</${state.element}[>\\s/]`, "i"));
  if (end === 0)
    return {
      next: { in: "text" },
      length: 2 + state.element.length,
      text: rest.slice(0, 2 + state.element.length),
    };
  const text = end === -1 ? rest : rest.slice(0, end);
  const shown =
    state.element === "style" ? withoutStyleComments(text) : state.element === "script" ? text : withoutStray(text);
  return { next: state, length: text.length, text: shown };
};

type TagState = HtmlState & { readonly in: "tag" | "name" | "named" | "assigned" };

const inTag = (rest: string, state: TagState): Step | undefined => {
  const space = /^[\t\n\f\r ]+/.exec(rest)?.[0].length ?? 0;
  if (space > 0 && state.in !== "name") return { next: state, length: space };
  switch (state.in) {
    case "tag":
      return betweenAttributes(rest, state.element);
    case "name":
      return inName(rest, state);
    case "named":
      return rest.startsWith("=")
        ? { next: { ...state, in: "assigned" }, length: 1 }
        : { next: { in: "tag", element: state.element, attribute: "" }, length: 0 };
    default: {
      const quote = /^["']/.exec(rest)?.[0] ?? "";
      return { next: startOfValue(state, quote), length: quote.length };
    }
  }
};

const betweenAttributes = (rest: string, element: string): Step | undefined => {
  if (rest.startsWith(">"))
    return { next: rawElements.test(element) ? { in: "raw", element } : { in: "text" }, length: 1 };
  return /^[='"<]/.test(rest) ? undefined : inName(rest, { in: "name", element, attribute: "" });
};

const inName = (rest: string, state: TagState): Step | undefined => {
  const more = /^[^\t\n\f\r =>'"<]*/.exec(rest)?.[0] ?? "";
  if (/^['"<]/.test(rest.slice(more.length))) return undefined;
  const isWhole = more.length < rest.length;
  return { next: { ...state, in: isWhole ? "named" : "name", attribute: state.attribute + more }, length: more.length };
};

const startOfValue = ({ element, attribute }: TagState, quote: string): HtmlState => ({
  in: "value",
  element,
  attribute,
  kind: kindOf(element, attribute),
  quote,
  part: "start",
  within: "",
});

type ValueState = HtmlState & { readonly in: "value" };

const inValue = (rest: string, state: ValueState): Step | undefined => {
  const end = state.quote === "" ? rest.search(/[\t\n\f\r >]/) : rest.indexOf(state.quote);
  const text = end === -1 ? rest : rest.slice(0, end);
  if (state.quote === "" && /["'<=`]/.test(text)) return undefined;
  if (end === -1) return { next: follow(text, state), length: rest.length };
  return { next: { in: "tag", element: state.element, attribute: "" }, length: end + state.quote.length };
};

/** Follows the part of a value that stands before what a template puts into it. */
const follow = (html: string, state: ValueState): ValueState => {
  const text = decode(html);
  switch (state.kind) {
    case "url":
    case "srcset":
      if (/[#?]/.test(text)) return { ...state, part: "query" };
      return state.part === "start" && text.trim() !== "" ? { ...state, part: "path" } : state;
    case "style":
      return { ...state, within: followStyle(text, state.within) };
    case "meta": {
      const url = text.search(/url\s*=/i);
      if (state.within === "url")
        return text.includes(";") ? follow(text.replace(/^[^;]*;/, ""), { ...state, within: "" }) : state;
      return url === -1 ? state : follow(text.slice(url).replace(/^[^=]*=/, ""), { ...state, within: "url" });
    }
    default:
      return state;
  }
};

const entities: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  amp: "&",
  lt: "<",
  gt: ">",
  lpar: "(",
  rpar: ")",
  num: "#",
  quest: "?",
  semi: ";",
  equals: "=",
};

/** Entities as the signs that they are, as far as they mean something in a URL or a style. */
const decode = (html: string): string =>
  html.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));?/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return (Object.hasOwn(entities, name) ? entities[name] : undefined) ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
