import { labelOf } from "./label-of.ts";
import { placeOf, type View } from "./view.ts";
import type { WireNode, WireText } from "./wire.ts";

/** A node with what the page needs to refer to it. */
export interface PlacedNode {
  readonly node: WireNode;
  /** Of its element in the page; unique, which names are not (`link` is the name of every provider's button). */
  readonly id: string;
  readonly label: string;
  /** Its messages, in the words of the page. */
  readonly messages: readonly SaidMessage[];
  /** What part it plays in a form. */
  readonly part: "hidden" | "field" | "button" | "content" | "script";
  /** Hidden fields and scripts are not. */
  readonly isVisible: boolean;
}

/** A message in the words of the page. */
export interface SaidMessage {
  readonly id: number;
  readonly type: WireText["type"];
  readonly text: string;
}

/** Gives every node its place in the page, in the order of the API. */
export const placeNodes = (nodes: readonly WireNode[], view: View): PlacedNode[] =>
  nodes.map((node, at) => {
    const part = partOf(node);
    const messages = (node.messages ?? []).map(({ id, type, ...rest }) => ({
      id,
      type,
      text: view.texts.message({ id, type, ...rest }, placeOf(view, node)),
    }));
    return {
      node,
      id: `node-${at}`,
      label: labelOf(node, view),
      messages,
      part,
      isVisible: part !== "hidden" && part !== "script",
    };
  });

const partOf = ({ attributes }: WireNode): PlacedNode["part"] => {
  if (attributes.node_type === "script") return "script";
  if (attributes.node_type !== "input") return "content";
  if (attributes.type === "hidden") return "hidden";
  return attributes.type === "submit" || attributes.type === "button" ? "button" : "field";
};
