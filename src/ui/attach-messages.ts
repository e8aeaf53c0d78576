import type { UiNode, UiText } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { inputNode, nodeId, withMessages } from "./node.ts";

/** A text and the element it is about. */
export interface NodeMessage {
  /** Name of an input, id of anything else. */
  readonly node: string;
  readonly text: UiText;
}

/**
 * Attaches texts to the first element of their id. A text about an element
 * that is not there gets one: a text input of the group `default`, without a
 * value, at the end (settings.md §2.6). Shared elements are copied, not changed.
 */
export function attachMessages(nodes: readonly UiNode[], messages: readonly NodeMessage[]): readonly UiNode[] {
  if (messages.length === 0) return nodes;
  const waiting = new Map<string, UiText[]>();
  for (const { node, text } of messages) {
    const texts = waiting.get(node);
    if (texts === undefined) waiting.set(node, [text]);
    else texts.push(text);
  }
  const attached = nodes.map((node) => {
    const texts = waiting.get(nodeId(node));
    if (texts === undefined) return node;
    waiting.delete(nodeId(node));
    return withMessages(node, texts);
  });
  for (const [name, texts] of waiting) attached.push(inputNode({ group: "default", name, type: "text", messages: texts }));
  return attached;
}
