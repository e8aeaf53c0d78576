import type { JsonObject } from "@bufbuild/protobuf";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { mergeJson } from "../../lib/merge-json.ts";
import { findUses } from "../../schema/addresses.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { reachableIn, unprovenIn } from "../../schema/reachable.ts";
import { validateTraits } from "../../schema/validate.ts";
import type { LoginMethod } from "../contract/login.ts";
import { withoutProtected } from "../contract/protected-traits.ts";
import type { BesideTraits, MapPerson } from "./map-person.ts";
import type { ProviderProfile } from "./provider-profile.ts";
import type { Provider } from "./providers.ts";

/** What providers say of people who sign in, where `update_identity_on_login` wants it. It keeps nobody from that. */
export interface IdentityUpdates {
  /** Makes what is to be written, as plain data: it may wait, encrypted. Undefined: nothing is. */
  prepare(
    provider: Provider,
    profile: ProviderProfile,
    person: { readonly identity: IdentityRecord; readonly schema: IdentitySchema },
  ): () => Promise<JsonObject | undefined>;
  /** What changes of that in the person as they are now. */
  readonly apply: NonNullable<LoginMethod["applyUpdate"]>;
}

/** What was prepared. */
interface Prepared {
  readonly schemaId: string;
  readonly traits: JsonObject;
  readonly beside: BesideTraits;
}

/** Creates the updates. */
export const createIdentityUpdates = ({
  identities,
  mapPerson,
  hidesAccounts,
}: {
  readonly identities: Pick<IdentityStore, "findIdentifierOwner">;
  readonly mapPerson: MapPerson;
  readonly hidesAccounts: boolean;
}): IdentityUpdates => ({
  prepare: (provider, profile, { identity, schema }) => {
    const mapping = mapPerson(provider, { ...profile, traits: {} }, schema, identity);
    // Thrown where it is awaited, if it is.
    mapping.catch(() => undefined);
    return async () => {
      const mapped = await mapping;
      if (mapped === undefined) return undefined;
      const { traits, beside } = mapped;
      return { schemaId: schema.id, traits, beside } satisfies Prepared as unknown as JsonObject;
    };
  },

  apply: async (state, { identity, schema }, tx) => {
    const { schemaId, traits, beside } = state as unknown as Prepared;
    if (schemaId !== schema.id) return undefined;
    const proposed = mergeJson(identity.traits, traits);
    const whole = validateTraits(schema, proposed);
    if (whole.kind === "invalid") return undefined;
    // Whether an address that nobody has proven is taken over would show whether somebody else has it.
    const own = reachableIn(findUses(schema.traits, identity.traits)).map(({ value }) => value);
    const isTold = unprovenIn(whole, beside.verified).every(({ value }) => own.includes(value));
    const valid = isTold || !hidesAccounts ? whole : withoutProtected(schema, identity.traits, proposed);
    if (valid === undefined) return undefined;
    const owner = await identities.findIdentifierOwner(tx, valid);
    return owner && owner.identity.id !== identity.id ? undefined : { traits: valid, ...beside };
  },
});
