import type { OidcConfig } from "../../../config/oidc-config.ts";
import { compileDeclarativeMapper, isFaults, type MappingFault } from "./declarative-mapper.ts";

/** Something wrong in a mapper, with the key it stands at. */
export interface MapperProblem {
  /** `selfservice.methods.oidc.config.providers[0].mapper.traits["name.first"]`. */
  readonly path: string;
  readonly message: string;
}

/** Finds what is wrong with the tables of paths of all providers: a start ends with it, as with any other mistake of the configuration. */
export const findMapperFaults = ({ providers }: OidcConfig["config"]): readonly MapperProblem[] =>
  providers.flatMap(({ mapper }, index) => {
    const compiled = mapper === undefined ? [] : compileDeclarativeMapper(mapper);
    return isFaults(compiled) ? compiled.map((fault) => ({ path: print(index, fault), message: fault.message })) : [];
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
