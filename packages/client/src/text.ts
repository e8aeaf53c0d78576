import type { JsonObject } from "@bufbuild/protobuf";
import { type UiText, UiTextType } from "../gen/ostiary/ui/v1/ui_pb.ts";

/** A text for a person. Programs compare `id`. */
export interface Text {
  readonly id: number;
  readonly text: string;
  readonly type: "info" | "error" | "success";
  /** Values in the text, for translations. */
  readonly context: JsonObject;
}

/** Makes a text of its message; of none, an empty one. */
export const textOf = (text: UiText | undefined): Text => ({
  id: text?.id ?? 0,
  text: text?.text ?? "",
  type: text?.type === UiTextType.ERROR ? "error" : text?.type === UiTextType.SUCCESS ? "success" : "info",
  context: text?.context ?? {},
});
