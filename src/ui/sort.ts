import type { UiNode } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { valueJson } from "../lib/proto-json.ts";
import { nodeId } from "./node.ts";

/** The order of a form. Use one object per form and schema: what is computed from it is cached by identity. */
export interface NodeOrder {
  /** Groups as they follow each other. A group that is not named comes first. */
  readonly groups: readonly string[];
  /** Beginnings of node ids as they follow each other within a group. What matches none comes after. */
  readonly keys: readonly string[];
}

interface Compiled {
  readonly groups: ReadonlyMap<string, number>;
  readonly keys: ReadonlyMap<string, number>;
  readonly names: readonly string[];
}

interface Placed {
  readonly node: UiNode;
  readonly id: string;
  /** The key that the id begins with. */
  readonly keyName: string | undefined;
  readonly group: number;
  readonly key: number;
}

const compiled = new WeakMap<NodeOrder, Compiled>();
const pinned = -1;

function compile(order: NodeOrder): Compiled {
  const known = compiled.get(order);
  if (known !== undefined) return known;
  const index = (names: readonly string[]): ReadonlyMap<string, number> =>
    new Map(names.map((name, at) => [name, at] as const).reverse());
  const made = { groups: index(order.groups), keys: index(order.keys), names: order.keys };
  compiled.set(order, made);
  return made;
}

/**
 * The place of an id among the keys: that of the longest key it begins with, so
 * that a name that happens to begin with another one keeps its own place.
 */
function keyOf(id: string, { keys }: Compiled): number {
  if (id === "csrf_token") return pinned;
  if (id === "method") return keys.size + 1;
  const exact = keys.get(id);
  if (exact !== undefined) return exact;
  let longest = -1;
  let place = keys.size;
  for (const [key, at] of keys) {
    if (key.length > longest && id.startsWith(key)) {
      longest = key.length;
      place = at;
    }
  }
  return place;
}

const printed = (node: UiNode): string => {
  const kind = node.attributes?.kind;
  if (kind?.case !== "input" || kind.value.value === undefined) return "<nil>";
  const value = valueJson(kind.value.value);
  return typeof value === "string" ? value : JSON.stringify(value);
};

/**
 * The entries of one list as they follow each other, after the field of the list itself; undefined for anything else.
 */
function compareEntries(a: Placed, b: Placed): number | undefined {
  const [left, right] = [entryOf(a), entryOf(b)];
  return left === undefined || right === undefined ? undefined : left - right;
}

function entryOf({ id, keyName }: Placed): number | undefined {
  if (keyName === undefined) return undefined;
  if (id === keyName) return -1;
  const [step = ""] = id.slice(keyName.length + 1).split(".");
  return id[keyName.length] === "." && /^\d+$/.test(step) ? Number(step) : undefined;
}

function compare(a: Placed, b: Placed): number {
  if (a.group !== b.group) return a.group - b.group;
  if (a.key !== b.key) return a.key - b.key;
  if (a.key === pinned) return 0;
  const entries = compareEntries(a, b);
  if (entries !== undefined) return entries;
  const [left, right] = [printed(a.node), printed(b.node)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Sorts the elements of a form (docs/compatibility.md, rule 1): by group; within a group the
 * anti-CSRF field first, then by key, `method` last; equals by their value,
 * where none reads `<nil>`; otherwise as they came.
 */
export function sortNodes(nodes: readonly UiNode[], order: NodeOrder): UiNode[] {
  const made = compile(order);
  const placed = nodes.map((node): Placed => {
    const id = nodeId(node);
    const key = keyOf(id, made);
    return { node, id, group: made.groups.get(node.group) ?? -1, key, keyName: made.names[key] };
  });
  return placed.sort(compare).map(({ node }) => node);
}
