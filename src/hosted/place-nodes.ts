import { labelOf } from "./label-of.ts";
import type { WireNode } from "./wire.ts";

/** A node with what the page needs to refer to it. */
export interface PlacedNode {
  readonly node: WireNode;
  /** Of its element in the page; unique, which names are not (`link` is the name of every provider's button). */
  readonly id: string;
  readonly label: string;
  /** What part it plays in a form. */
  readonly part: "hidden" | "field" | "button" | "content" | "script";
  /** Hidden fields and scripts are not. */
  readonly isVisible: boolean;
}

/** Gives every node its place in the page, in the order of the API. */
export const placeNodes = (nodes: readonly WireNode[]): PlacedNode[] =>
  nodes.map((node, at) => {
    const part = partOf(node);
    return { node, id: `node-${at}`, label: labelOf(node), part, isVisible: part !== "hidden" && part !== "script" };
  });

const partOf = ({ attributes }: WireNode): PlacedNode["part"] => {
  if (attributes.node_type === "script") return "script";
  if (attributes.node_type !== "input") return "content";
  if (attributes.type === "hidden") return "hidden";
  return attributes.type === "submit" || attributes.type === "button" ? "button" : "field";
};
