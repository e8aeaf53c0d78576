import { attributes, type Html, html } from "./html.ts";
import { safeUrl } from "./safe-url.ts";
import type { WireNode, WireScript } from "./wire.ts";

/** A page to show. */
export interface Page {
  /** Its one `<h1>`, and what stands in the browser's tab. */
  readonly title: string;
  readonly body: Html;
  /** Wide pages have several sections. */
  readonly isWide?: boolean;
  /** There is a problem: said in the browser's tab as well. */
  readonly hasErrors?: boolean;
  /** The nodes of the form, for the scripts among them. */
  readonly nodes?: readonly WireNode[];
}

/** Lays a page out. Addresses in it are relative to `<public>/hosted/`. */
export const layOut = ({
  title,
  body,
  isWide = false,
  hasErrors = false,
  nodes = [],
}: Page): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${hasErrors && "Error: "}${title}</title>
<link rel="stylesheet" href="style.css">
<link rel="icon" href="data:,">
</head>
<body>
<main${attributes({ class: isWide ? "wide" : "card" })}>
<h1>${title}</h1>
${body}
</main>
${scriptsOf(nodes).map((script) => html`<script${scriptAttributes(script)}></script>`)}
</body>
</html>
`;

/** The scripts that the methods of a form ask for. */
export const scriptsOf = (nodes: readonly WireNode[]): WireScript[] =>
  nodes.flatMap(({ attributes: given }) =>
    given.node_type === "script" && safeUrl(given.src) !== undefined ? [given] : [],
  );

const scriptAttributes = (script: WireScript): Html =>
  attributes({
    id: script.id,
    src: script.src,
    async: script.async,
    type: script.type,
    integrity: script.integrity || undefined,
    crossorigin: script.crossorigin || undefined,
    referrerpolicy: script.referrerpolicy || undefined,
    nonce: script.nonce || undefined,
  });
