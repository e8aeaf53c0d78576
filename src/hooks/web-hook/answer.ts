import type { JsonValue } from "@bufbuild/protobuf";
import { UiTextType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { objectOf } from "../../lib/json-object.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { parse } from "./json.ts";

/**
 * Reads with which messages a receiver refuses:
 * `{"messages": [{"instance_ptr": "#/traits/email", "messages": [{"id": 1, "text": "…", "type": "error"}]}]}`.
 * Undefined: the answer has no message, or is of another form.
 */
export const readMessages = (text: string): readonly FormMessage[] | undefined => {
  const groups = objectOf(parse(text))?.messages;
  if (!Array.isArray(groups)) return undefined;
  const messages = groups.flatMap((group): (FormMessage | undefined)[] => {
    const { instance_ptr: pointer = "#/", messages: list } = objectOf(group) ?? {};
    if (typeof pointer !== "string" || !Array.isArray(list)) return [undefined];
    return list.map((message) => readMessage(nodeOf(pointer), message));
  });
  if (messages.length === 0 || messages.includes(undefined)) return undefined;
  return messages as readonly FormMessage[];
};

/** Longest text of a message, in characters. */
const TEXT_LIMIT = 1_000;
/** Ids of messages are stored as numbers of this size. */
const MAX_ID = 2 ** 31 - 1;

const readMessage = (node: string, value: JsonValue): FormMessage | undefined => {
  const { id, text, type, context } = objectOf(value) ?? {};
  if (typeof text !== "string" || text.length > TEXT_LIMIT) return undefined;
  const isId = typeof id === "number" && Number.isInteger(id) && Math.abs(id) <= MAX_ID;
  const details = objectOf(context ?? null);
  return {
    node,
    text: {
      $typeName: "ostiary.ui.v1.UiText",
      id: isId ? id : 0,
      text,
      type: type === "error" ? UiTextType.ERROR : UiTextType.INFO,
      ...(details && { context: details }),
    },
  };
};

/** The node that a JSON pointer (RFC 6901) names: `#/traits/name/first` is `traits.name.first`. Empty: the form. */
const nodeOf = (pointer: string): string =>
  pointer
    .replace(/^#?\/?/, "")
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(".");
