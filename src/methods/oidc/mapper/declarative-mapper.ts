import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DeclarativeMapperConfig } from "../../../config/oidc-config.ts";
import { forbiddenNames } from "../../../lib/forbidden-names.ts";
import { type ClaimPath, claimAt, readClaimPath } from "./claim-path.ts";
import type { Mapped, Mapper, VerifiedAddress } from "./mapper.ts";

/** Something wrong in a table of paths. `path` is relative to the mapper: `traits.name.first`. */
export interface MappingFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Read = (claims: JsonObject) => JsonValue | undefined;
type ReadAddress = (claims: JsonObject) => VerifiedAddress | undefined;

/**
 * Compiles a table of paths into a mapper, or says everything that is wrong
 * with it:
 *
 *     traits:
 *       email: claims.email
 *       name.first: claims.given_name
 *       plan: { claim: claims.raw_claims.plan, default: free }
 *     verified_addresses:
 *       - { via: email, value: claims.email }
 *
 * A claim that is missing leaves its trait out. An address counts as verified
 * only where the provider says so: `if` names that claim, and for e-mail and
 * phone number it is known.
 */
export const compileDeclarativeMapper = (config: DeclarativeMapperConfig): Mapper | readonly MappingFault[] => {
  const faults: MappingFault[] = [];
  const traits = compileTable(config.traits, ["traits"], faults);
  const metadataPublic = config.metadata_public && compileTable(config.metadata_public, ["metadata_public"], faults);
  const metadataAdmin = config.metadata_admin && compileTable(config.metadata_admin, ["metadata_admin"], faults);
  const addresses = (config.verified_addresses ?? []).map((entry, index) =>
    compileAddress(entry, ["verified_addresses", index], faults),
  );
  if (faults.length > 0) return faults;

  const map = (claims: JsonObject): Mapped => ({
    traits: traits(claims),
    ...(metadataPublic && { metadataPublic: metadataPublic(claims) }),
    ...(metadataAdmin && { metadataAdmin: metadataAdmin(claims) }),
    verifiedAddresses: addresses.map((read) => read(claims)).filter((address) => address !== undefined),
  });
  const mapper: Mapper = {
    map: (claims) => Promise.resolve({ kind: "mapped", mapped: map(claims) }),
    check: () => Promise.resolve(undefined),
  };
  return mapper;
};

/** Whether compiling gave what is wrong, and no mapper. */
export const isFaults = (compiled: Mapper | readonly MappingFault[]): compiled is readonly MappingFault[] =>
  Array.isArray(compiled);

const compileTable = (
  table: Readonly<Record<string, unknown>>,
  at: MappingFault["path"],
  faults: MappingFault[],
): ((claims: JsonObject) => JsonObject) => {
  const cells = Object.entries(table).map(([name, cell]) => {
    const keys = name.split(".");
    if (keys.some((key) => key === "" || forbiddenNames.has(key)))
      faults.push({ path: [...at, name], message: `${JSON.stringify(name)} is not a name that can be set` });
    return { keys, read: compileCell(cell, [...at, name], faults) };
  });
  return (claims) => {
    const result: Record<string, JsonValue> = {};
    for (const { keys, read } of cells) {
      const value = read(claims);
      if (value !== undefined) assign(result, keys, value);
    }
    return result;
  };
};

/** A path, `{ claim, default }`, or `{ value }`. */
const compileCell = (cell: unknown, at: MappingFault["path"], faults: MappingFault[]): Read => {
  if (typeof cell === "string") return reader(cell, at, faults);
  if (typeof cell === "object" && cell !== null && !Array.isArray(cell)) {
    const { claim, default: standard, value, ...others } = cell as Readonly<Record<string, JsonValue>>;
    if (Object.keys(others).length === 0) {
      if (typeof claim === "string" && value === undefined) {
        const read = reader(claim, at, faults);
        return (claims) => read(claims) ?? standard;
      }
      if (claim === undefined && standard === undefined && value !== undefined) return () => value;
    }
  }
  const message = "must be a path such as claims.email, { claim: …, default: … } or { value: … }";
  faults.push({ path: at, message });
  return () => undefined;
};

const reader = (text: string, at: MappingFault["path"], faults: MappingFault[]): Read => {
  const path = readClaimPath(text);
  if (typeof path === "string") {
    faults.push({ path: at, message: path });
    return () => undefined;
  }
  return (claims) => claimAt(claims, path);
};

/** The claims by which providers vouch for the standard addresses. */
const vouchers: Readonly<Record<string, ClaimPath>> = {
  email: ["email_verified"],
  phone_number: ["phone_number_verified"],
};

const compileAddress = (
  entry: NonNullable<DeclarativeMapperConfig["verified_addresses"]>[number],
  at: MappingFault["path"],
  faults: MappingFault[],
): ReadAddress => {
  const path = readClaimPath(entry.value);
  const voucher =
    entry.if === undefined ? (typeof path === "string" ? [] : vouchers[path.join(".")]) : readClaimPath(entry.if);
  if (typeof path === "string") faults.push({ path: [...at, "value"], message: path });
  if (typeof voucher === "string") faults.push({ path: [...at, "if"], message: voucher });
  if (voucher === undefined)
    faults.push({ path: at, message: `needs if: the claim that says that ${entry.value} was verified` });
  if (typeof path !== "object" || typeof voucher !== "object") return () => undefined;
  return (claims) => {
    const value = claimAt(claims, path);
    return typeof value === "string" && value !== "" && claimAt(claims, voucher) === true
      ? { via: entry.via, value }
      : undefined;
  };
};

const assign = (target: Record<string, JsonValue>, [key = "", ...rest]: readonly string[], value: JsonValue): void => {
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const below = target[key];
  const inner = typeof below === "object" && below !== null && !Array.isArray(below) ? below : {};
  target[key] = inner;
  assign(inner, rest, value);
};
