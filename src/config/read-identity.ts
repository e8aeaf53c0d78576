import { absoluteUrl } from "./absolute-url.ts";
import type { Config } from "./config.ts";
import type { Origin } from "./origin.ts";
import type { Slice } from "./slice.ts";

const builtIn = new URL("../schema/default-identity.schema.json", import.meta.url).href;

/** Reads `identity`; without schemas there is one of our own. */
export function readIdentity(identity: Slice, origin: Origin): Config["identity"] {
  const default_schema_id = identity.text("default_schema_id");
  if (identity.raw("schemas") === undefined)
    return { default_schema_id, schemas: [{ id: default_schema_id, url: builtIn, selfservice_selectable: false }] };
  const schemas = identity.parts("schemas").map((schema, index) => ({
    id: schema.text("id"),
    url: absoluteUrl(schema.text("url"), origin.folder(["identity", "schemas", index, "url"])),
    selfservice_selectable: schema.flag("selfservice_selectable"),
    second_factor:
      schema.choice("second_factor") === "required"
        ? {
            grace_period: schema.duration("second_factor_grace_period"),
            since: new Date(schema.optionalText("second_factor_since") ?? 0),
          }
        : undefined,
  }));
  return { default_schema_id, schemas };
}
