import type { JsonObject } from "@bufbuild/protobuf";
import type { UiText, UiTextType } from "../../gen/ostiary/ui/v1/ui_pb.ts";

/** A message of a form: the node it belongs to (empty: the form as a whole) and its text. */
export interface FormMessage {
  readonly node: string;
  readonly text: UiText;
}

/** A form's message as a flow row keeps it: plain JSON. */
export interface StoredMessage {
  readonly node: string;
  readonly text: {
    readonly id: number;
    readonly text: string;
    readonly type: UiTextType;
    readonly context?: JsonObject;
  };
}

/** Makes plain JSON of a message. */
export const storeMessage = ({ node, text: { id, text, type, context } }: FormMessage): StoredMessage => ({
  node,
  text: { id, text, type, ...(context && { context }) },
});

/** Makes a message of plain JSON again. */
export const readMessage = ({ node, text }: StoredMessage): FormMessage => ({
  node,
  text: { $typeName: "ostiary.ui.v1.UiText", ...text },
});
