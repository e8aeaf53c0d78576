/** One place in which an answer differs from the recorded one. */
export interface Difference {
  /** `label.body.ui.nodes[…]`. */
  readonly path: string;
  readonly recorded: unknown;
  readonly ours: unknown;
}

/** Patterns as they are matched: few, and each is matched with very many texts. */
const expressions = new Map<string, RegExp>();

const expressionOf = (pattern: string): RegExp => {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const made = new RegExp(`^${parts.join(".*")}$`, "s");
  expressions.set(pattern, made);
  return made;
};

/** Whether a text fits a pattern, in which `*` stands for any run of characters. */
export const matches = (pattern: string, text: string): boolean => expressionOf(pattern).test(text);

interface Node {
  readonly group: string;
  readonly attributes: {
    readonly name?: string;
    readonly id?: string;
    readonly value?: unknown;
    readonly type?: string;
  };
}

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "attributes" in value;

/** What a node is found by: group and name, and of buttons the value. */
const nameOf = (value: unknown): string | undefined => {
  if (!isNode(value)) return undefined;
  const { name, id, value: own, type } = value.attributes;
  return `${value.group}/${name ?? id}=${own === undefined || type !== "submit" ? "" : String(own)}`;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const idsIn = (text: string): string[] => [...text.matchAll(/\{id:(\d+)\}/g)].map(([, id]) => id ?? "");
const shapeOf = (text: string): string => text.replace(/\{id:\d+\}/g, "{id}");

/**
 * Compares normalised answers of one scenario. Ids need not have the same
 * numbers, only the same relations to each other in all its answers.
 *
 * @param left node groups that are left out on both sides
 */
export const createComparison = (
  left: ReadonlySet<string>,
): ((recorded: unknown, ours: unknown, path: string) => Difference[]) => {
  const [there, back] = [new Map<string, string>(), new Map<string, string>()];
  let found: Difference[] = [];
  const note = (path: string, recorded: unknown, ours: unknown) => {
    found.push({ path, recorded, ours });
  };

  const texts = (recorded: string, ours: string, path: string) => {
    if (shapeOf(recorded) !== shapeOf(ours)) return note(path, recorded, ours);
    const [theirs, own] = [idsIn(recorded), idsIn(ours)];
    for (const [index, id] of theirs.entries()) {
      const mine = own[index] ?? "";
      if (!there.has(id) && !back.has(mine)) {
        there.set(id, mine);
        back.set(mine, id);
      } else if (there.get(id) !== mine) return note(path, recorded, `${ours} (another id than expected)`);
    }
  };

  const lists = (recorded: readonly unknown[], ours: readonly unknown[], path: string) => {
    if (![...recorded, ...ours].some((each) => nameOf(each) !== undefined)) {
      for (let at = 0; at < Math.max(recorded.length, ours.length); at += 1)
        same(recorded[at], ours[at], `${path}[${at}]`);
      return;
    }
    const [theirs, own] = [recorded, ours].map((nodes) =>
      nodes.filter((node) => !isNode(node) || !left.has(node.group)),
    );
    const [before, after] = [theirs, own].map((nodes) => nodes?.map(nameOf).join(" "));
    if (before !== after) note(`${path}.order`, before, after);
    for (const node of theirs ?? []) {
      const mine = own?.find((each) => nameOf(each) === nameOf(node));
      if (mine !== undefined) same(node, mine, `${path}[${nameOf(node)}]`);
    }
  };

  const same = (recorded: unknown, ours: unknown, path: string): void => {
    if (typeof recorded === "string" && typeof ours === "string") texts(recorded, ours, path);
    else if (Array.isArray(recorded) && Array.isArray(ours)) lists(recorded, ours, path);
    else objects(recorded, ours, path);
  };

  const objects = (recorded: unknown, ours: unknown, path: string): void => {
    if (!isObject(recorded) || !isObject(ours) || Array.isArray(recorded) !== Array.isArray(ours)) {
      if (recorded !== ours) note(path, recorded, ours);
      return;
    }
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(ours)]))
      same(recorded[key], ours[key], `${path}.${key}`);
  };

  return (recorded, ours, path) => {
    found = [];
    same(recorded, ours, path);
    return found;
  };
};
