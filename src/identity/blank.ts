import type { IdentityRecord } from "./identity.ts";

/** An identity that is about to be created: no traits yet, no credentials. */
export const blankIdentity = (id: string, schemaId: string, now: Date): IdentityRecord => ({
  id,
  externalId: undefined,
  schemaId,
  state: "active",
  stateChangedAt: now,
  traits: {},
  verifiable: [],
  recovery: [],
  credentials: {},
  metadataPublic: null,
  metadataAdmin: null,
  organizationId: undefined,
  version: 0,
  createdAt: now,
  updatedAt: now,
});
