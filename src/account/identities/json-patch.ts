import { type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { applyPatch, type Operation, Pointer } from "rfc6902";
import type { JsonPatchOperation } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { jsonColumnDepth } from "../../db/column-sizes.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import { forbiddenNames } from "../../lib/forbidden-names.ts";

/** What each operation must have beside its path (RFC 6902, section 4). */
const operands: Readonly<Record<string, "value" | "from" | undefined>> = {
  add: "value",
  replace: "value",
  test: "value",
  move: "from",
  copy: "from",
  remove: undefined,
};

/** Places that a patch may write: themselves and what is below. */
const writable = [
  "/schema_id",
  "/state",
  "/traits",
  "/metadata_public",
  "/metadata_admin",
  "/external_id",
  "/verifiable_addresses",
  "/credentials/password/config",
];

/** Values that the copies of one patch may make. A copy into what holds it doubles that, again and again. */
const MOST_VALUES = 10_000;
/** Characters of texts and names that they may make. */
const MOST_CHARACTERS = 1_048_576;

/**
 * Applies a JSON patch to a document: all of it or nothing.
 *
 * @throws INVALID_FIELD, naming the operation that cannot be applied
 */
export const patchDocument = (document: JsonObject, patch: readonly JsonPatchOperation[]): JsonObject => {
  const operations = patch.map(toOperation);
  const next = structuredClone(document);
  const mustHaveRoom = createRoom();
  for (const [index, operation] of operations.entries()) {
    if (operation.op === "copy") mustHaveRoom(Pointer.fromJSON(operation.from).get(next), index);
    const [error] = applyPatch(next, [operation]);
    if (error !== null && error !== undefined) throw refused(index, explanations[error.name] ?? "it cannot be applied");
  }
  for (const name of ["metadata_public", "metadata_admin"]) mustBeFlat(next[name], name);
  return next;
};

/** Counts what copies make, so that it is known before they make it. */
const createRoom = (): ((copied: JsonValue | undefined, index: number) => void) => {
  let [values, characters] = [MOST_VALUES, MOST_CHARACTERS];
  return (copied, index) => {
    const count = (value: JsonValue | undefined): void => {
      values -= 1;
      if (typeof value === "string") characters -= value.length;
      if (values < 0 || characters < 0) throw refused(index, "the copies of the patch make too much");
      if (typeof value !== "object" || value === null) return;
      for (const [name, member] of Object.entries(value)) {
        characters -= name.length;
        count(member);
      }
    };
    count(copied);
  };
};

/** Traits are looked at by their schema; this is what the columns of metadata take. */
const mustBeFlat = (metadata: JsonValue | undefined, field: string): void => {
  const look = (value: JsonValue | undefined, depth: number): void => {
    if (typeof value !== "object" || value === null) return;
    if (depth > jsonColumnDepth)
      throw serviceError("INVALID_FIELD", {
        field,
        explain: `After the patch ${field} would be nested more than ${jsonColumnDepth} levels deep.`,
      });
    for (const member of Object.values(value)) look(member, depth + 1);
  };
  look(metadata, 1);
};

const explanations: Readonly<Record<string, string>> = {
  MissingError: "there is nothing at its path",
  TestError: "what is at its path is something else",
};

const toOperation = ({ op, path, from, value }: JsonPatchOperation, index: number): Operation => {
  if (!Object.hasOwn(operands, op)) throw refused(index, `its op is none of ${Object.keys(operands).join(", ")}`);
  mustBeAllowed(path, index, op !== "test");
  if (operands[op] === "from") {
    mustBeAllowed(from, index, op === "move");
    mustHoldNoSecret(from, index);
    return { op, path, from } as Operation;
  }
  if (operands[op] === "value" && value === undefined) throw refused(index, "it has no value");
  const json: JsonValue | undefined = value && toJson(ValueSchema, value);
  return (operands[op] === "value" ? { op, path, value: json } : { op, path }) as Operation;
};

const mustBeAllowed = (pointer: string, index: number, writes: boolean): void => {
  if (pointer !== "" && (!pointer.startsWith("/") || /~(?![01])/.test(pointer)))
    throw refused(index, "its path is no JSON pointer");
  const steps = pointer.split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (steps.some((step) => forbiddenNames.has(step))) throw refused(index, "its path names no member");
  if (writes && !writable.some((place) => pointer === place || pointer.startsWith(`${place}/`)))
    throw refused(index, "what is at its path cannot be written");
};

/** A secret that is copied somewhere else would be read there. */
const mustHoldNoSecret = (pointer: string, index: number): void => {
  if (pointer === "" || pointer === "/credentials" || pointer.startsWith("/credentials/"))
    throw refused(index, "what is at its from holds secrets and cannot be copied or moved");
};

const refused = (index: number, why: string): ServiceError =>
  serviceError("INVALID_FIELD", { field: `patch.${index}`, explain: `Operation ${index} of the patch: ${why}.` });
