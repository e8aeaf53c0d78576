import { parseDuration } from "../lib/duration.ts";
import { isMap } from "./tree.ts";
import type { Finding } from "./validate.ts";

/** Methods by which people set up a second factor. */
const kinds = ["totp", "webauthn", "lookup_secret"];

const thirtyDays = 2_592_000_000;

/** What makes rules about second factors unusable. */
export const secondFactorChecks: readonly ((get: (path: string) => unknown) => readonly Finding[])[] = [
  (get) => {
    const isOn = kinds.some(
      (kind) =>
        get(`selfservice.methods.${kind}.enabled`) === true &&
        get(`selfservice.methods.${kind}.config.passwordless`) !== true,
    );
    const schemas = get("identity.schemas");
    if (isOn || !Array.isArray(schemas)) return [];
    return schemas.flatMap((schema, index) =>
      isMap(schema) && schema.second_factor === "required"
        ? [
            {
              path: ["identity", "schemas", index, "second_factor"],
              message: `is required, but no method sets one up: enable ${kinds.join(", ")} in selfservice.methods`,
            },
          ]
        : [],
    );
  },
  (get) => {
    const lifespan = get("session.trusted_devices.lifespan");
    return typeof lifespan === "string" && (parseDuration(lifespan) ?? 0) > thirtyDays
      ? [{ path: ["session", "trusted_devices", "lifespan"], message: "must be 720h (30 days) at most" }]
      : [];
  },
];
