import { type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { applyPatch, type Operation } from "rfc6902";
import type { JsonPatchOperation } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";

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

/**
 * Applies a JSON patch to a document: all of it or nothing.
 *
 * @throws INVALID_FIELD, naming the operation that cannot be applied
 */
export const patchDocument = (document: JsonObject, patch: readonly JsonPatchOperation[]): JsonObject => {
  const operations = patch.map(toOperation);
  const next = structuredClone(document);
  for (const [index, operation] of operations.entries()) {
    const [error] = applyPatch(next, [operation]);
    if (error !== null && error !== undefined) throw refused(index, explanations[error.name] ?? "it cannot be applied");
  }
  return next;
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

/** Names that act on objects instead of being members of them. */
const acting = new Set(["__proto__", "constructor", "prototype"]);

const mustBeAllowed = (pointer: string, index: number, writes: boolean): void => {
  if (pointer !== "" && (!pointer.startsWith("/") || /~(?![01])/.test(pointer)))
    throw refused(index, "its path is no JSON pointer");
  const steps = pointer.split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (steps.some((step) => acting.has(step))) throw refused(index, "its path names no member");
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
