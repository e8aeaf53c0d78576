import type { JsonObject } from "@bufbuild/protobuf";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Log } from "../../lib/log.ts";
import { mergeJson } from "../../lib/merge-json.ts";
import { readTraits } from "../../schema/form.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { normaliseIdentifier } from "../../schema/normalise.ts";
import type { SubmittedValues } from "../contract/result.ts";
import type { Mapped } from "./mapper/mapper.ts";
import type { ProviderProfile } from "./provider-profile.ts";
import type { Provider } from "./providers.ts";

/** Addresses that a provider vouches for, normalised. */
export type VouchedAddresses = NonNullable<Change["verified"]>;

/** What a provider says of somebody, beside the traits. */
export type BesideTraits = Pick<Change, "metadataPublic" | "metadataAdmin"> & { readonly verified: VouchedAddresses };

/** What a provider says of somebody, and what they filled in themselves. The traits are not judged yet. */
export interface MappedPerson {
  readonly traits: JsonObject;
  readonly submittedValues: SubmittedValues;
  readonly beside: BesideTraits;
}

/**
 * Maps a profile to what is stored of a person, of whom `identity` is known already. Undefined: the mapper is wrong, as
 * the log says, or makes too much of the claims.
 */
export type MapPerson = (
  provider: Provider,
  profile: ProviderProfile,
  schema: IdentitySchema,
  identity?: IdentityRecord,
) => Promise<MappedPerson | undefined>;

/** Creates the mapping. */
export const createMapPerson =
  (log: Log): MapPerson =>
  async ({ mapper, id }, { claims, traits }, schema, identity) => {
    const result = await mapper.map(claims, identity && shownToMappers(identity));
    if (result.kind !== "mapped")
      log.warn(
        { provider: id, explain: result.explain },
        "the mapper of a sign-in provider did not make traits of all claims",
      );
    if (result.kind === "failed") return undefined;
    const beside = besideOf(result.mapped);
    if (JSON.stringify(beside).length > LONGEST_BESIDE) {
      const explain = `the metadata and verified addresses are longer than ${LONGEST_BESIDE} characters of JSON`;
      log.warn({ provider: id, explain }, "the mapper of a sign-in provider made more of claims than is stored");
      return undefined;
    }
    return { ...readTraits(schema, mergeJson(result.mapped.traits, traits)), beside };
  };

/** As long as claims may be, and what a program answers. */
const LONGEST_BESIDE = 65_536;

/** A person as mappers see them: under the names of the admin API. */
const shownToMappers = (identity: IdentityRecord): JsonObject => ({
  id: identity.id,
  schema_id: identity.schemaId,
  state: identity.state,
  traits: identity.traits,
  metadata_public: identity.metadataPublic,
  metadata_admin: identity.metadataAdmin,
  ...(identity.externalId !== undefined && { external_id: identity.externalId }),
});

/** Addresses are verified only where the person has them: not one that was submitted in their place. */
const besideOf = ({ metadataPublic, metadataAdmin, verifiedAddresses }: Mapped): BesideTraits => ({
  verified: verifiedAddresses.map(({ via, value }) => ({ via, value: normaliseIdentifier(value) })),
  ...(metadataPublic !== undefined && { metadataPublic }),
  ...(metadataAdmin !== undefined && { metadataAdmin }),
});
