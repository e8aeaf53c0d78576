import type { JsonValue } from "@bufbuild/protobuf";
import { type AddressState, addressStatuses, type IdentityRecord } from "../../identity/identity.ts";
import { objectOf } from "../../lib/json-object.ts";
import { normaliseEmail, normaliseIdentifier } from "../../schema/normalise.ts";
import type { HookFlowKind, IdentityRevision } from "../phases.ts";
import { parse } from "./json.ts";

/** What reading an answer needs beside its text. */
export interface RevisionReader {
  readonly flow: HookFlowKind;
  /** Whether there is an identity schema of this id. */
  readonly hasSchema: (id: string) => boolean;
}

/** Flows that write a person as a whole: in others an answer changes what is known of the person, and no more. */
const wholePerson: ReadonlySet<HookFlowKind> = new Set(["registration", "settings"]);

/** Longest external id, in characters. */
const EXTERNAL_ID_LIMIT = 255;
/** Addresses of one answer. */
const ADDRESS_LIMIT = 1_000;
/** Characters of an address. */
const VALUE_LIMIT = 4_096;

/** An answer that cannot be used; the message says why. */
class Unusable extends Error {
  override readonly name = "Unusable";
}

/**
 * Reads what a receiver changes in the person: `{"identity": {"traits": {…}, "metadata_public": …}}`. Members that
 * are missing, null or empty change nothing, but for `external_id`, which is removed by null or an empty text.
 * Undefined where nothing changes. A text says what is wrong with the answer.
 */
export const readRevision = (text: string, reader: RevisionReader): IdentityRevision | undefined | string => {
  if (text.trim() === "") return undefined;
  try {
    const revision = read(parse(text), reader);
    return revision === undefined || Object.keys(revision).length === 0 ? undefined : revision;
  } catch (error) {
    if (error instanceof Unusable) return error.message;
    throw error;
  }
};

const read = (answer: JsonValue | undefined, { flow, hasSchema }: RevisionReader): IdentityRevision | undefined => {
  const members = objectOf(answer);
  if (members === undefined) throw new Unusable("the answer is no JSON object");
  if (members.identity === undefined || members.identity === null) return undefined;
  const identity = objectOf(members.identity);
  if (identity === undefined) throw new Unusable("identity is no object");
  const { metadata_public, metadata_admin } = identity;
  const traits = given(identity.traits, (value) => objectOf(value) ?? unusable("identity.traits is no object"));
  const known: IdentityRevision = {
    ...(traits && Object.keys(traits).length > 0 && { traits }),
    ...(metadata_public !== undefined && metadata_public !== null && { metadataPublic: metadata_public }),
    ...(metadata_admin !== undefined && metadata_admin !== null && { metadataAdmin: metadata_admin }),
  };
  const schemaId = given(identity.schema_id, (id) =>
    typeof id === "string" && (id === "" || hasSchema(id)) ? id : unusable("identity.schema_id names no schema"),
  );
  const state = given(identity.state, readState);
  const externalId = "external_id" in identity ? readExternalId(identity.external_id ?? null) : undefined;
  const addresses = given(identity.verifiable_addresses, (list) => readList(list, "verifiable_addresses", readAddress));
  // Recovery addresses are those of the traits: what is said of them is looked at, and there is nothing to change.
  given(identity.recovery_addresses, (list) => readList(list, "recovery_addresses", readPlace));
  if (!wholePerson.has(flow)) return known;
  return {
    ...known,
    ...(schemaId && { schemaId }),
    ...(state && { state }),
    ...(externalId !== undefined && { externalId }),
    ...(addresses && addresses.length > 0 && { addresses }),
  };
};

const unusable = (message: string): never => {
  throw new Unusable(message);
};

/** What is there, read; undefined where nothing is. */
const given = <T>(value: JsonValue | undefined, reading: (value: JsonValue) => T): T | undefined =>
  value === undefined || value === null ? undefined : reading(value);

const readState = (value: JsonValue): IdentityRecord["state"] | undefined => {
  if (value === "") return undefined;
  return value === "active" || value === "inactive" ? value : unusable("identity.state is neither active nor inactive");
};

const readExternalId = (value: JsonValue): string | null => {
  if (value === null || value === "") return null;
  return typeof value === "string" && value.length <= EXTERNAL_ID_LIMIT && value.isWellFormed()
    ? value
    : unusable(`identity.external_id is no text of at most ${EXTERNAL_ID_LIMIT} characters`);
};

const readList = <T>(list: JsonValue, name: string, reading: (entry: JsonValue, name: string) => T): readonly T[] => {
  if (!Array.isArray(list)) return unusable(`identity.${name} is no list`);
  if (list.length > ADDRESS_LIMIT) return unusable(`identity.${name} has more than ${ADDRESS_LIMIT} entries`);
  return list.map((entry, index) => reading(entry, `identity.${name}.${index}`));
};

const readPlace = (entry: JsonValue, name: string): { readonly via: string; readonly value: string } => {
  const { via, value } = objectOf(entry) ?? {};
  if (typeof via !== "string" || typeof value !== "string" || value.length > VALUE_LIMIT)
    return unusable(`${name} has no via and value`);
  return { via, value: via === "email" ? normaliseEmail(value) : normaliseIdentifier(value) };
};

const readAddress = (entry: JsonValue, name: string): AddressState => {
  const { verified = false, status = "", verified_at: at } = objectOf(entry) ?? {};
  const place = readPlace(entry, name);
  if (typeof verified !== "boolean") return unusable(`${name}.verified is neither true nor false`);
  const known = addressStatuses.find((each) => each === status);
  if (known === undefined && status !== "" && status !== null)
    return unusable(`${name}.status is none of ${addressStatuses.join(", ")}`);
  return {
    ...place,
    verified,
    status: known ?? (verified ? "completed" : "pending"),
    ...(typeof at === "string" && !Number.isNaN(Date.parse(at)) && { verifiedAt: new Date(at).toISOString() }),
  };
};
