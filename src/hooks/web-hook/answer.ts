import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { UiTextType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import type { IdentityRevision } from "../phases.ts";

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

/**
 * Reads what a receiver changes in the person: `{"identity": {"traits": {…}, "metadata_public": …}}`. Undefined
 * where that is nothing. A text says what is wrong with it.
 */
export const readRevision = (text: string): IdentityRevision | undefined | string => {
  if (text.trim() === "") return undefined;
  const answer = parse(text);
  const members = objectOf(answer);
  if (members === undefined) return "the answer is no JSON object";
  if (members.identity === undefined || members.identity === null) return undefined;
  const identity = objectOf(members.identity);
  if (identity === undefined) return "identity is no object";
  const { traits, metadata_public, metadata_admin, verifiable_addresses: addresses } = identity;
  const given = traits === undefined || traits === null ? undefined : objectOf(traits);
  if (traits !== undefined && traits !== null && given === undefined) return "identity.traits is no object";
  const verified = readVerified(addresses);
  if (typeof verified === "string") return verified;
  const revision: IdentityRevision = {
    ...(given && Object.keys(given).length > 0 && { traits: given }),
    ...(metadata_public !== undefined && metadata_public !== null && { metadataPublic: metadata_public }),
    ...(metadata_admin !== undefined && metadata_admin !== null && { metadataAdmin: metadata_admin }),
    ...(verified.length > 0 && { verified }),
  };
  return Object.keys(revision).length === 0 ? undefined : revision;
};

const readVerified = (
  addresses: JsonValue | undefined,
): readonly { readonly via: string; readonly value: string }[] | string => {
  if (addresses === undefined || addresses === null) return [];
  if (!Array.isArray(addresses)) return "identity.verifiable_addresses is no list";
  return addresses.flatMap((address) => {
    const { value, via, verified } = objectOf(address) ?? {};
    return typeof value === "string" && typeof via === "string" && verified === true ? [{ via, value }] : [];
  });
};

const objectOf = (value: JsonValue | undefined): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;

const parse = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};
