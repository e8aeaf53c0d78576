import { TemplateError } from "./template-error.ts";

/** A piece of a template: text as it is, or what stands between `{{` and `}}`. */
export type Piece =
  | { readonly kind: "text"; readonly text: string; readonly line: number }
  | { readonly kind: "action"; readonly text: string; readonly line: number };

/** What an action consists of, up to its end: texts in quotes may contain `}}`. */
const action =
  /\{\{(-(?=\s))?(\/\*[\s\S]*?\*\/|(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|[^"`'])*?)((?<=\s)-)?\}\}/y;

/**
 * Splits a Go template into text and actions. `{{-` and `-}}` take the white space beside them away; comments are
 * left out.
 *
 * @throws TemplateError for an action without an end
 */
export const splitTemplate = (source: string): readonly Piece[] => {
  const pieces: Piece[] = [];
  const lineAt = (index: number) => source.slice(0, index).split("\n").length;
  let trimNext = false;
  const addText = (from: number, to: number, trimEnd: boolean): void => {
    const raw = source.slice(from, to);
    const left = trimNext ? raw.replace(/^[ \t\r\n]+/, "") : raw;
    const text = trimEnd ? left.replace(/[ \t\r\n]+$/, "") : left;
    if (text !== "") pieces.push({ kind: "text", text, line: lineAt(from + raw.length - left.length) });
  };
  for (let at = 0; ; ) {
    const start = source.indexOf("{{", at);
    if (start === -1) {
      addText(at, source.length, false);
      return pieces;
    }
    action.lastIndex = start;
    const found = action.exec(source);
    if (found === null) throw new TemplateError(lineAt(start), "an action is not closed by }}");
    const [whole, trimLeft, inside = "", trimRight] = found;
    addText(at, start, trimLeft !== undefined);
    const text = inside.trim();
    if (!text.startsWith("/*")) pieces.push({ kind: "action", text, line: lineAt(start) });
    trimNext = trimRight !== undefined;
    at = start + whole.length;
  }
};
