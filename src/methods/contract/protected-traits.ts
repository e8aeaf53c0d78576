import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "@bufbuild/protobuf";
import type { ValidTraits } from "../../identity/identity.ts";
import { keepPlaces } from "../../identity/trait-patch.ts";
import { findUsePlaces, findUses, type Uses } from "../../schema/addresses.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { validateTraits } from "../../schema/validate.ts";

/* Traits that sign a person in or bring an account back: identifiers and addresses (docs/second-factors.md). */

const usesOf = ({ identifiers, verifiable, recovery }: Uses | ValidTraits) => ({ identifiers, verifiable, recovery });

/** Whether proposed traits have other identifiers or addresses than those before. */
export const changesProtected = (schema: IdentitySchema, before: JsonObject, proposed: ValidTraits): boolean =>
  !isDeepStrictEqual(usesOf(findUses(schema.traits, before)), usesOf(proposed));

/**
 * Proposed traits whose identifiers and addresses are those before; of a list that has one of them, all of it.
 * Undefined: the schema does not allow that.
 */
export const withoutProtected = (
  schema: IdentitySchema,
  before: JsonObject,
  proposed: JsonObject,
): ValidTraits | undefined => {
  const places = [before, proposed].flatMap((traits) => findUsePlaces(schema.traits, traits));
  const valid = validateTraits(schema, keepPlaces(before, proposed, places));
  // Where other traits choose what an address is good for, they wait as well.
  return valid.kind === "invalid" || changesProtected(schema, before, valid) ? undefined : valid;
};
