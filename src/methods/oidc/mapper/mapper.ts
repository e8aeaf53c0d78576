import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/*
 * What a provider says of a person becomes what is stored of them. Two ways to
 * say how: Jsonnet, as Ory Kratos has it, and a table of paths. This folder
 * owns both and what they must answer; whether the traits hold is the identity
 * schema's business.
 */

/** An address that the provider vouches for. */
export interface VerifiedAddress {
  readonly via: string;
  readonly value: string;
}

/** What a mapper makes of claims. Nothing here is validated against a schema. */
export interface Mapped {
  readonly traits: JsonObject;
  /** Left out: nothing is said of it. */
  readonly metadataPublic?: JsonValue;
  readonly metadataAdmin?: JsonValue;
  readonly verifiedAddresses: readonly VerifiedAddress[];
}

/** How mapping ended. */
export type MapperResult =
  | { readonly kind: "mapped"; readonly mapped: Mapped }
  /** A claim is missing: what could be made of the others. The person fills in the rest. */
  | { readonly kind: "incomplete"; readonly mapped: Mapped; readonly explain: string }
  /** The mapper is wrong, or took too much. `explain` is for the log. */
  | { readonly kind: "failed"; readonly explain: string };

/** Turns claims into traits. */
export interface Mapper {
  /**
   * @param claims as mappers see them: `renderClaims`
   * @param identity what is known of the person already, for mappers that run at each sign-in
   */
  map(claims: JsonObject, identity?: JsonObject): Promise<MapperResult>;
  /** What is wrong with the mapper itself, as far as can be said without claims. */
  check(): Promise<string | undefined>;
}
