import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

const NAME = "transient_payload";

/**
 * What a client sent for hooks. Fields of a form come with their whole names:
 * `transient_payload.utm.source` is `{"utm": {"source": …}}`.
 */
export const readTransientPayload = (sent: JsonObject | undefined): JsonObject | undefined => {
  if (sent === undefined || !Object.keys(sent).some((name) => name.startsWith(`${NAME}.`))) return sent;
  const unfolded: Record<string, JsonValue> = Object.create(null);
  for (const [name, value] of Object.entries(sent)) {
    const path = name.startsWith(`${NAME}.`) ? name.slice(NAME.length + 1).split(".") : [name];
    let at = unfolded;
    for (const part of path.slice(0, -1)) {
      const inner = at[part];
      const next = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? inner : Object.create(null);
      at[part] = next;
      at = next;
    }
    at[path.at(-1) ?? ""] = value;
  }
  return JSON.parse(JSON.stringify(unfolded)) as JsonObject;
};
