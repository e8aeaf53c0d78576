import { NodeType, type UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { nodeId } from "../../ui/node.ts";

/** Groups whose fields several methods read. */
const sharedGroups: ReadonlySet<string> = new Set(["default", "identifier_first"]);

/** Whether an element is there once, whatever brings it: a field that several methods read, a script they all need. */
const isShared = ({ group, type }: UiNode): boolean => sharedGroups.has(group) || type === NodeType.SCRIPT;

/** Joins the nodes of several methods. Of an element that several of them bring, that of the first stays. */
export const mergeNodes = (lists: readonly (readonly UiNode[])[]): readonly UiNode[] => {
  const nodes: UiNode[] = [];
  /** Which list has brought an element that is there once. */
  const broughtBy = new Map<string, readonly UiNode[]>();
  for (const list of lists)
    for (const node of list) {
      const by = isShared(node) ? getOrSet(broughtBy, nodeId(node), list) : list;
      if (by === list) nodes.push(node);
    }
  return nodes;
};

const getOrSet = <K, V>(map: Map<K, V>, key: K, value: V): V => {
  const known = map.get(key);
  if (known !== undefined) return known;
  map.set(key, value);
  return value;
};
