import type { ProviderConfig } from "../../../config/oidc-config.ts";
import type { JsonnetEngine } from "../../../lib/jsonnet/engine.ts";
import { compileDeclarativeMapper, type MappingFault } from "./declarative-mapper.ts";
import { createJsonnetMapper } from "./jsonnet-mapper.ts";
import type { Mapper } from "./mapper.ts";
import { createProgramSource, type ProgramSourceDeps } from "./program-source.ts";

/**
 * Creates the mapper of a provider from its configuration: `mapper`, or else
 * `mapper_url`. Returns what is wrong with the table of paths otherwise; whoever
 * reads the configuration has asked already.
 */
export const createMapper = (
  { mapper, mapper_url }: ProviderConfig,
  deps: ProgramSourceDeps & { readonly engine: JsonnetEngine },
): Mapper | readonly MappingFault[] => {
  if (mapper) return compileDeclarativeMapper(mapper);
  // Without either, only what the person fills in is stored.
  if (mapper_url === undefined) return compileDeclarativeMapper({ traits: {} });
  return createJsonnetMapper({ source: createProgramSource(mapper_url, deps), engine: deps.engine });
};
