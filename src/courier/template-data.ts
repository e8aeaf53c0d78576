import type { JsonObject } from "@bufbuild/protobuf";
import type { Value } from "./go-template/value.ts";
import type { MessageContent, MessageTemplate } from "./message.ts";

/** Data of a message, by the names that Go templates and bodies of requests know it by. */
export interface TemplateData {
  /** `.VerificationCode` */
  readonly fields: Readonly<Record<string, Value>>;
  /** `ctx.template_data.verification_code` */
  readonly members: JsonObject;
}

/** Which flow a template is of: codes and links are named after it. */
const flowOf = (template: MessageTemplate): string =>
  /^(recovery|verification|login|registration|account)_/.exec(template)?.[1] ?? "";

/** Gives a message's data the names that templates have for it. What a message has not is left out. */
export const createTemplateData = (
  template: MessageTemplate,
  recipient: string,
  { language, data, requestUrl, transientPayload, identity }: MessageContent,
): TemplateData => {
  const flow = flowOf(template);
  const all: readonly (readonly [field: string, member: string, value: JsonObject[string] | undefined])[] = [
    ["To", "to", recipient],
    [named(flow, "Code"), `${flow}_code`, flow === "" ? undefined : data.code],
    [named(flow, "URL"), `${flow}_url`, flow === "" ? undefined : data.url],
    ["Identity", "identity", identity],
    ["Traits", "traits", identity?.traits],
    ["RequestURL", "request_url", requestUrl],
    ["TransientPayload", "transient_payload", transientPayload ?? {}],
    ["ExpiresInMinutes", "expires_in_minutes", data.expiresInMinutes],
    ["UndoURL", "undo_url", template === "verifiable_address_changed" ? data.url : undefined],
    ["NewAddress", "new_address", data.newAddress],
    ["Name", "name", data.name],
    ["Language", "language", language],
  ];
  const known = all.filter((entry): entry is readonly [string, string, JsonObject[string]] => entry[2] !== undefined);
  return {
    fields: Object.fromEntries(known.map(([field, , value]) => [field, numbered(field, value)])),
    members: Object.fromEntries(known.map(([, member, value]) => [member, value])),
  };
};

/** Numbers of the server are whole ones; those of accounts are of JSON. */
const numbered = (field: string, value: JsonObject[string]): Value =>
  field === "ExpiresInMinutes" && typeof value === "number" ? BigInt(value) : value;

/** `VerificationCode` of `verification` and `Code`. */
const named = (flow: string, what: string): string => `${flow.slice(0, 1).toUpperCase()}${flow.slice(1)}${what}`;
