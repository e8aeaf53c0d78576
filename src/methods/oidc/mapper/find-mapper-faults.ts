import type { OidcConfig } from "../../../config/oidc-config.ts";
import { findUnknownStd, unknownStdMessage } from "../../../lib/jsonnet/find-unknown-std.ts";
import { compileDeclarativeMapper, isFaults, type MappingFault } from "./declarative-mapper.ts";
import { readLocalProgram } from "./program-source.ts";

/** Something wrong in a mapper, with the key it stands at. */
export interface MapperProblem {
  /** `selfservice.methods.oidc.config.providers[0].mapper.traits["name.first"]`. */
  readonly path: string;
  readonly message: string;
}

/**
 * Finds what is wrong with the mappers of all providers, as far as can be said
 * at once: tables of paths, and functions that the programs on this machine ask
 * for and that there are not. A start ends with it, as with any other mistake of
 * the configuration.
 */
export const findMapperFaults = ({ providers }: OidcConfig["config"]): readonly MapperProblem[] =>
  providers.flatMap(({ mapper, mapper_url }, index) => {
    const compiled = mapper === undefined ? undefined : compileDeclarativeMapper(mapper);
    if (compiled !== undefined && isFaults(compiled))
      return compiled.map((fault) => ({ path: print(index, fault), message: fault.message }));
    const unknown = findUnknownStd(readLocalProgram(mapper_url));
    const path = `selfservice.methods.oidc.config.providers[${index}].mapper_url`;
    return unknown.length === 0 ? [] : [{ path, message: unknownStdMessage(unknown) }];
  });

const print = (index: number, { path }: MappingFault): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === "number"
        ? `${text}[${part}]`
        : part.includes(".")
          ? `${text}[${JSON.stringify(part)}]`
          : `${text}.${part}`,
    `selfservice.methods.oidc.config.providers[${index}].mapper`,
  );
