/**
 * What a message may be made of. Counted over its bytes, before any of it is
 * built: what is built costs many times what is sent.
 */
export const shapeBounds = {
  /** Objects and lists within each other. */
  depth: 64,
  /** Members and entries of all objects and lists together. */
  values: 1_000,
  /** Entries of one list. Some checks, such as whether all differ, take time with the square of it. */
  entries: 500,
  /** Bytes of a member's name: paths and form elements repeat it. */
  name: 256,
} as const;

/** Says what is too much of something. */
export const tooMany = {
  depth: `The body is nested more than ${shapeBounds.depth} levels deep.`,
  values: `The body has more than ${shapeBounds.values} values.`,
  entries: `A list in the body has more than ${shapeBounds.entries} entries.`,
  name: `A name in the body is longer than ${shapeBounds.name} bytes.`,
  sameName: "An object in the body has a member more than once.",
} as const;

const [quote, backslash, comma, colon, openList, closeList, openObject, closeObject] = [
  0x22, 0x5c, 0x2c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d,
];

/**
 * Finds what is too much in a JSON text, in one pass over its bytes. Says
 * nothing of a text that is no JSON: the parser will. A member that is there
 * twice is too much as well: parsers differ in which of both they take
 * (RFC 8259 section 4).
 *
 * @param times how many times the usual number of values and entries there may be
 */
export const jsonShapeFault = (json: Buffer, times = 1): string | undefined => {
  const count = createCount(times);
  // The names of each object that is open, the innermost last.
  const names: Set<string>[] = [];
  let [from, end] = [0, 0];
  let fault: string | undefined;
  for (let at = 0; at < json.length && fault === undefined; at++) {
    switch (json[at]) {
      case quote:
        from = at + 1;
        end = endOfText(json, from);
        at = end;
        break;
      case openList:
      case openObject:
        fault = count.open(json[at] === openList);
        names.push(new Set());
        break;
      case closeList:
      case closeObject:
        count.close();
        names.pop();
        break;
      case comma:
        fault = count.next();
        break;
      case colon:
        fault = end - from > shapeBounds.name ? tooMany.name : sameName(names.at(-1), json.toString("utf8", from, end));
        break;
    }
  }
  return fault;
};

/** Adds a name to those of its object. */
const sameName = (names: Set<string> | undefined, text: string): string | undefined => {
  const name = unescaped(text);
  if (names?.has(name)) return tooMany.sameName;
  names?.add(name);
  return undefined;
};

/** `\u0061` is `a`. What cannot be read stays as it is: the parser will say so. */
const unescaped = (text: string): string => {
  if (!text.includes("\\")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
};

/** Where a text ends that begins there: at its closing quote. */
const endOfText = (json: Uint8Array, from: number): number => {
  let at = from;
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1;
  return at;
};

/** Counts values as they begin: each follows a bracket or a comma. */
const createCount = (times: number) => {
  const most = { values: shapeBounds.values * times, entries: shapeBounds.entries * times };
  // Entries of the lists that are open; of objects, nothing.
  const entries: number[] = [];
  const inObject = -1;
  let [depth, values] = [0, 0];
  return {
    open: (isList: boolean): string | undefined => {
      depth += 1;
      values += 1;
      if (depth > shapeBounds.depth) return tooMany.depth;
      entries[depth] = isList ? 1 : inObject;
      return values > most.values ? tooMany.values : undefined;
    },
    close: (): void => {
      depth = Math.max(0, depth - 1);
    },
    next: (): string | undefined => {
      values += 1;
      const count = entries[depth] ?? inObject;
      if (count !== inObject) entries[depth] = count + 1;
      if (count >= most.entries) return tooMany.entries;
      return values > most.values ? tooMany.values : undefined;
    },
  };
};
