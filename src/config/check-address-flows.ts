import type { Finding } from "./validate.ts";

/** Flows that are on and use a method that is off: nobody could finish one. */
export function findAddressFlowFaults(get: (path: string) => unknown): readonly Finding[] {
  return ["verification", "recovery"].flatMap((flow) => {
    const use = `selfservice.flows.${flow}.use`;
    const method = get(use);
    const needed = `selfservice.methods.${String(method)}.enabled`;
    return get(`selfservice.flows.${flow}.enabled`) === true && get(needed) === false
      ? [{ path: use.split("."), message: `${String(method)} needs ${needed}: true, or nobody can finish a ${flow}` }]
      : [];
  });
}
