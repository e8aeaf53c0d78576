import { NodeType, type UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { nodeId } from "../../ui/node.ts";

/** Groups whose fields several methods read. */
const sharedGroups: ReadonlySet<string> = new Set(["default", "identifier_first"]);

/** Whether an element is there once, whatever brings it: a field that several methods read, a script they all need. */
const isShared = ({ group, type }: UiNode): boolean => sharedGroups.has(group) || type === NodeType.SCRIPT;

/** Joins the nodes of several methods. Of an element that several of them bring, that of the first stays. */
export const mergeNodes = (lists: readonly (readonly UiNode[])[]): readonly UiNode[] => {
  const filled = lists.filter((list) => list.length > 0);
  const [only = []] = filled;
  if (filled.length < 2) return only;
  const known = new Set<string>();
  return filled.flatMap((list) => {
    const fresh = list.filter((node) => !(isShared(node) && known.has(nodeId(node))));
    for (const node of list) if (isShared(node)) known.add(nodeId(node));
    return fresh;
  });
};
