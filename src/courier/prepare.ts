import type { CourierConfig, HttpDeliveryConfig } from "../config/courier-config.ts";
import { createJsonnetEngine, type JsonnetEngine } from "../lib/jsonnet/engine.ts";
import { checkFunction } from "../lib/jsonnet/run-function.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import { createGetDocument, type GetDocument, readDocument } from "../lib/outbound/document.ts";
import type { OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import type { IdentitySchema } from "../schema/identity-schema.ts";
import { loadOverrides, type Overrides, type TemplateFault } from "./overrides.ts";
import { createTemplateShape } from "./template-shape.ts";

/** What the courier reads beside its configuration. */
export interface PreparedCourier {
  readonly overrides: Overrides;
  /** Programs that make the bodies of requests, by the key they stand at. */
  readonly programs: ReadonlyMap<string, string>;
  readonly faults: readonly TemplateFault[];
}

/** What the courier reads by. */
export interface CourierSources {
  readonly courier: CourierConfig;
  readonly addressRules: AddressRules;
  /** The schemas of accounts, whose traits templates may say; left out: any trait. */
  readonly schemas?: readonly IdentitySchema[] | undefined;
}

/** Reads the templates and programs that the configuration names. What is wrong with them is reported all at once. */
export const prepareCourier = async (
  { courier, addressRules, schemas = [] }: CourierSources,
  fetch: OutboundFetch,
): Promise<PreparedCourier> => {
  const get = createGetDocument(addressRules, fetch);
  const { overrides, faults } = await loadOverrides(courier, { get, data: createTemplateShape(schemas) });
  const requests = [courier.http, courier.sms].filter((request) => request !== undefined);
  const engine = createJsonnetEngine();
  const programs = new Map<string, string>();
  const all = [...faults];
  for (const request of requests) {
    if (!addressRules.isSafe(request.url))
      all.push({ path: `${request.path}.url`, message: "is plain http to the public Internet: use https" });
    const program = await readProgram(request, get, engine);
    if (typeof program === "object") all.push(program);
    else if (program !== undefined) programs.set(request.path, program);
  }
  await engine.close();
  return { overrides, programs, faults: all };
};

const readProgram = async (
  { path, body }: HttpDeliveryConfig,
  get: GetDocument,
  engine: JsonnetEngine,
): Promise<string | TemplateFault | undefined> => {
  if (body === undefined) return undefined;
  const at = `${path}.body`;
  try {
    const program = await readDocument(body, get);
    const wrong = await checkFunction(engine, program);
    return wrong === undefined ? program : { path: at, message: wrong };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return { path: at, message: `cannot be read: ${code ?? (error instanceof Error ? error.message : "unknown")}` };
  }
};
