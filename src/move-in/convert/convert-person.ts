import { charactersIn, columnSizes } from "../../db/column-sizes.ts";
import {
  addressStatuses,
  type IdentityRecord,
  type RecoveryAddressRecord,
  type VerifiableAddressRecord,
} from "../../identity/identity.ts";
import { parseUuid } from "../../lib/ids.ts";
import { isObject } from "../../lib/json-object.ts";
import { normaliseAddress } from "../../schema/normalise.ts";
import type { Schemas } from "../../schema/sources.ts";
import { validateTraits } from "../../schema/validate.ts";
import { parseJson, type SourceAddress, type SourcePerson } from "../source/source-person.ts";
import type { Conversion, MovedPerson, RefusalReason } from "./conversion.ts";
import { convertCredentials, withSchemaIdentifiers } from "./convert-credentials.ts";
import { convertSessions } from "./convert-sessions.ts";
import type { CredentialDeps } from "./credential-kinds.ts";

/** What people are converted with. */
export interface ConvertDeps extends CredentialDeps {
  readonly schemas: Pick<Schemas, "list">;
}

/** Times of whole seconds may have been rounded up: a session may seem to be older than whose it is. */
const ROUNDED_MS = 1_000;

/** Ends the conversion of one person. */
class Refused extends Error {
  override readonly name = "Refused";
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, explain: string) {
    super(explain);
    this.reason = reason;
  }
}

/** Creates the conversion of people. Rows that cannot be read refuse the person, and quote none of their values. */
export const createConvertPerson = (deps: ConvertDeps) => {
  const schemas = new Map(deps.schemas.list().map((schema) => [schema.id, schema]));
  return (source: SourcePerson): Conversion => {
    try {
      return { kind: "moved", ...convert(source, deps, schemas) };
    } catch (error) {
      if (error instanceof Refused)
        return { kind: "refused", id: source.id, reason: error.reason, explain: error.message };
      if (error instanceof SyntaxError)
        return { kind: "refused", id: source.id, reason: "broken", explain: "a column of JSON cannot be read" };
      // Nothing is asked of anybody here, so whatever else goes wrong lies in the rows, and stops nobody else.
      return { kind: "refused", id: source.id, reason: "broken", explain: "a time or text of it cannot be read" };
    }
  };
};

type KnownSchemas = ReadonlyMap<string, ReturnType<Schemas["list"]>[number]>;

const convert = (source: SourcePerson, deps: ConvertDeps, schemas: KnownSchemas): MovedPerson => {
  const left: string[] = [];
  const leave = (reason: string): void => void left.push(reason);
  if (parseUuid(source.id) === undefined) throw new Refused("broken", "its id is no UUID");
  const schema = schemas.get(source.schemaId);
  if (schema === undefined)
    throw new Refused(
      "unknown_schema",
      `its identity schema ${JSON.stringify(source.schemaId.slice(0, 255))} is not configured`,
    );
  const traits = parseJson(source.traits);
  if (!isObject(traits)) throw new Refused("broken", "its traits are no JSON object");
  if (source.state !== "active" && source.state !== "inactive") throw new Refused("broken", "its state is unknown");
  const verdict = validateTraits(schema, traits);
  if (verdict.kind === "invalid") leave("fit_of_traits_to_their_schema");
  if (source.organizationId !== null) leave("organization");
  const owner = { id: source.id, since: new Date(source.createdAt.getTime() - ROUNDED_MS) };
  const credentials = convertCredentials(source.credentials, owner, deps, leave);
  const identity: IdentityRecord = {
    id: source.id,
    externalId: source.externalId ?? undefined,
    schemaId: source.schemaId,
    state: source.state,
    stateChangedAt: source.stateChangedAt ?? undefined,
    traits: verdict.kind === "valid" ? verdict.traits : traits,
    ...addressesOf(source, leave),
    credentials:
      verdict.kind === "valid" ? withSchemaIdentifiers(credentials.facts, verdict.identifiers) : credentials.facts,
    metadataPublic: parseJson(source.metadataPublic),
    metadataAdmin: parseJson(source.metadataAdmin),
    organizationId: undefined,
    version: 0,
    createdAt: source.createdAt,
    updatedAt: source.updatedAt,
  };
  mustHaveRoom(identity);
  return { identity, secrets: credentials.secrets, sessions: convertSessions(source.sessions, identity, leave), left };
};

const addressesOf = (source: SourcePerson, leave: (reason: string) => void) => {
  const isReached = ({ via, value }: SourceAddress): boolean => {
    const known = (via === "email" || via === "sms") && value !== "";
    if (!known) leave("address_of_an_unknown_channel");
    return known;
  };
  const timesOf = ({ createdAt, updatedAt }: SourceAddress) => ({
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  });
  return {
    verifiable: source.verifiable.filter(isReached).map(
      (address): VerifiableAddressRecord => ({
        id: mustBeAddressId(address.id),
        via: address.via,
        value: normalised(address),
        verified: address.verified,
        status:
          addressStatuses.find((status) => status === address.status) ?? (address.verified ? "completed" : "pending"),
        ...(address.verifiedAt && { verified_at: address.verifiedAt.toISOString() }),
        ...timesOf(address),
      }),
    ),
    recovery: source.recovery
      .filter((address) => {
        if (address.isForOrganization) leave("recovery_address_of_an_organization");
        return !address.isForOrganization && isReached(address);
      })
      .map(
        (address): RecoveryAddressRecord => ({
          id: mustBeAddressId(address.id),
          via: address.via,
          value: normalised(address),
          ...timesOf(address),
        }),
      ),
  };
};

const normalised = ({ via, value }: SourceAddress): string => normaliseAddress(via, value);

const mustBeAddressId = (id: string): string => {
  if (parseUuid(id) === undefined) throw new Refused("broken", "the id of an address is no UUID");
  return id;
};

/** What does not fit a column here would end the whole batch. */
const mustHaveRoom = ({ credentials, verifiable, recovery }: IdentityRecord): void => {
  const most = columnSizes["identity_identifiers.identifier"];
  const texts = [
    ...Object.values(credentials).flatMap(({ identifiers }) => identifiers),
    ...[...verifiable, ...recovery].map(({ value }) => value),
  ];
  if (texts.some((text) => charactersIn(text) > most))
    throw new Refused("broken", `an identifier or address has more than ${most} characters`);
  if (texts.some((text) => text === "" || text.includes("\0")))
    throw new Refused("broken", "an identifier or address is empty or has a zero byte");
};
