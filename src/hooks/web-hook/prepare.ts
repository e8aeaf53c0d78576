import { readFile } from "node:fs/promises";
import type { HookConfig } from "../../config/hook-config.ts";
import { createJsonnetEngine } from "../../lib/jsonnet/engine.ts";
import { checkFunction } from "../../lib/jsonnet/run-function.ts";
import type { AddressRules } from "../../lib/outbound/address-rules.ts";
import { createOutboundFetch, type OutboundFetch } from "../../lib/outbound/outbound-fetch.ts";
import { readWebHookConfig, type WebHookConfig } from "./config.ts";

/** What web hooks read beside their configuration, and what is wrong with it. */
export interface PreparedWebHooks {
  /** Programs of bodies, by the URL that the configuration names them with. */
  readonly programs: ReadonlyMap<string, string>;
  readonly faults: readonly { readonly path: string; readonly message: string }[];
}

/** Characters of a program. */
const LIMIT = 131_072;
const TIMEOUT_MS = 10_000;

/**
 * Checks every `web_hook` of a configuration and reads the programs of their
 * bodies: what cannot be read, or does not hold at sight, ends the start.
 */
export const prepareWebHooks = async (
  hooks: readonly HookConfig[],
  rules: AddressRules,
  fetch: OutboundFetch = createOutboundFetch(),
): Promise<PreparedWebHooks> => {
  const faults: { readonly path: string; readonly message: string }[] = [];
  const programs = new Map<string, string>();
  const engine = createJsonnetEngine();
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
      const program = await readProgram(body, rules, fetch);
      if (program.length > LIMIT) return `is longer than ${LIMIT} characters`;
      programs.set(body, program);
      return await checkFunction(engine, program);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      return `cannot be read: ${code ?? (error instanceof Error ? error.message : "unknown")}`;
    }
  }
};

const readProgram = async (url: string, rules: AddressRules, fetch: OutboundFetch): Promise<string> => {
  if (url.startsWith("base64://")) return Buffer.from(url.slice("base64://".length), "base64").toString("utf8");
  if (url.startsWith("file://")) return readFile(new URL(url), "utf8");
  const policy = rules.policyOf(new URL(url), true);
  if (policy === undefined) throw new Error("plain http to the public Internet is not asked: use https");
  const response = await fetch(url, { method: "GET", signal: AbortSignal.timeout(TIMEOUT_MS), policy });
  const text = await response.text();
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return text;
};
