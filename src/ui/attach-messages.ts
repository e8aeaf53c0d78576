import type { UiNode, UiText } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { inputNode, nodeId, withMessages } from "./node.ts";
import type { FormMessage } from "./stored-message.ts";

/**
 * Attaches texts to the first element of their id. A text about an element
 * that is not there gets one: a text input of the group `default`, without a
 * value, at the end (docs/compatibility.md, rule 24). Shared elements are copied, not changed.
 * A text about the form as a whole is not for any element, and left out.
 */
export function attachMessages(nodes: readonly UiNode[], messages: readonly FormMessage[]): readonly UiNode[] {
  if (messages.length === 0) return nodes;
  const waiting = new Map<string, UiText[]>();
  for (const { node, text } of messages) {
    if (node === "") continue;
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
  for (const [name, texts] of waiting)
    attached.push(inputNode({ group: "default", name, type: "text", messages: texts }));
  return attached;
}
