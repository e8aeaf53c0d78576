import { parseTemplate } from "./parse.ts";
import type { Node, ParsedTemplate } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";

/** Finds a template by its name. `line` is where it is included. */
export type FindTemplate = (name: string, line: number) => readonly Node[];

/**
 * Creates what finds the templates that one may include: those that it defines, the files beside it by their names, and
 * what these define. A file that nothing of is included may be there for another template, and need not be right.
 *
 * @throws TemplateError when there is none of the name, or it is wrong
 */
export const createFindTemplate = (
  defined: ReadonlyMap<string, readonly Node[]>,
  others: Readonly<Record<string, string>>,
): FindTemplate => {
  const known = new Map(defined);

  const read = (file: string, text: string, line: number): ParsedTemplate => {
    const parsed = parseOther(file, text, line);
    if (!known.has(file)) known.set(file, parsed.nodes);
    for (const [name, nodes] of parsed.defined) if (!known.has(name)) known.set(name, nodes);
    return parsed;
  };

  const readDefining = (name: string, line: number): readonly Node[] | undefined => {
    for (const [file, text] of Object.entries(others)) {
      if (!text.includes(name)) continue;
      const found = tryParse(text)?.defined.has(name);
      if (found === true) return read(file, text, line).defined.get(name);
    }
    return undefined;
  };

  return (name, line) => {
    const text = Object.hasOwn(others, name) ? others[name] : undefined;
    const nodes = known.get(name) ?? (text === undefined ? readDefining(name, line) : read(name, text, line).nodes);
    if (nodes === undefined) throw new TemplateError(line, `the template ${JSON.stringify(name)} is not there`);
    return nodes;
  };
};

const parseOther = (name: string, text: string, line: number): ParsedTemplate => {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(line, `in ${JSON.stringify(name)}, ${error.message}`);
  }
};

const tryParse = (text: string): ParsedTemplate | undefined => {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
};
