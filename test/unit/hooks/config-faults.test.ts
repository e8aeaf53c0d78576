import { expect, it } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { prepareApp } from "../../../src/prepare-app.ts";
import { identitySchemaUrl } from "../../protocols/schema.ts";

/* What a hook's `config` may say is found out before anything is begun. */

const preparing = async (flow: string, place: string, hook: object) => {
  const { config } = loadConfig({
    files: [],
    env: {},
    overrides: {
      dev: true,
      identity: { default_schema_id: "person", schemas: [{ id: "person", url: identitySchemaUrl }] },
      selfservice: { flows: { verification: { enabled: true }, [flow]: { after: { [place]: { hooks: [hook] } } } } },
    },
  });
  return prepareApp(config);
};

it.each([
  ["registration", "password", "session"],
  ["settings", "password", "revoke_active_sessions"],
  ["login", "password", "require_verified_address"],
  ["login", "password", "verification"],
  ["settings", "profile", "show_verification_ui"],
  ["settings", "profile", "verify_new_address"],
])("after %s, method %s: a config of the hook %s, which takes none, ends the start", async (flow, place, hook) => {
  await expect(preparing(flow, place, { hook, config: { tomorrow: 1 } })).rejects.toThrow(
    `selfservice.flows.${flow}.after.${place}.hooks[0].config: tomorrow is no key of this hook: it takes none`,
  );
  await expect(preparing(flow, place, { hook, config: {} })).resolves.toBeDefined();
  await expect(preparing(flow, place, { hook })).resolves.toBeDefined();
});
