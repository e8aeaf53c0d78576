import type { HookConfig } from "../../config/hook-config.ts";
import { createJsonnetEngine } from "../../lib/jsonnet/engine.ts";
import { checkFunction } from "../../lib/jsonnet/run-function.ts";
import type { AddressRules } from "../../lib/outbound/address-rules.ts";
import { createGetDocument, readDocument } from "../../lib/outbound/document.ts";
import type { OutboundFetch } from "../../lib/outbound/outbound-fetch.ts";
import { readWebHookConfig, type WebHookConfig } from "./config.ts";

/** What web hooks read beside their configuration, and what is wrong with it. */
export interface PreparedWebHooks {
  /** Programs of bodies, by the URL that the configuration names them with. */
  readonly programs: ReadonlyMap<string, string>;
  readonly faults: readonly { readonly path: string; readonly message: string }[];
}

/**
 * Checks every `web_hook` of a configuration and reads the programs of their
 * bodies: what cannot be read, or does not hold at sight, ends the start.
 */
export const prepareWebHooks = async (
  hooks: readonly HookConfig[],
  rules: AddressRules,
  fetch: OutboundFetch,
): Promise<PreparedWebHooks> => {
  const faults: { readonly path: string; readonly message: string }[] = [];
  const programs = new Map<string, string>();
  const engine = createJsonnetEngine();
  const get = createGetDocument(rules, fetch);
  for (const { hook, path, config: raw } of hooks) {
    if (hook !== "web_hook") continue;
    const config = readWebHookConfig(raw);
    if (!("url" in config)) {
      faults.push(...config.map((fault) => ({ path: `${path}.config.${fault.path}`, message: fault.message })));
      continue;
    }
    if (!rules.isSafe(config.url))
      faults.push({ path: `${path}.config.url`, message: "is plain http to the public Internet: use https" });
    if (config.body === undefined || programs.has(config.body)) continue;
    const message = await addProgram(config.body);
    if (message !== undefined) faults.push({ path: `${path}.config.body`, message });
  }
  await engine.close();
  return { programs, faults };

  async function addProgram(body: NonNullable<WebHookConfig["body"]>): Promise<string | undefined> {
    try {
      const program = await readDocument(body, get);
      programs.set(body, program);
      return await checkFunction(engine, program);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      return `cannot be read: ${code ?? (error instanceof Error ? error.message : "unknown")}`;
    }
  }
};
