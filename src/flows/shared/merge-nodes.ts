import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { nodeId } from "../../ui/node.ts";

/** Groups whose fields several methods read. */
const sharedGroups: ReadonlySet<string> = new Set(["default", "identifier_first"]);

/** Joins the nodes of several methods. Of a field that several of them read, that of the first stays. */
export const mergeNodes = (lists: readonly (readonly UiNode[])[]): readonly UiNode[] => {
  const filled = lists.filter((list) => list.length > 0);
  const [only = []] = filled;
  if (filled.length < 2) return only;
  const known = new Set<string>();
  return filled.flatMap((list) => {
    const fresh = list.filter((node) => !(sharedGroups.has(node.group) && known.has(nodeId(node))));
    for (const node of list) if (sharedGroups.has(node.group)) known.add(nodeId(node));
    return fresh;
  });
};
