import type { IdentityRecord } from "./identity.ts";

/** Someone who is about to be made: no traits yet, and nothing to sign in with. */
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
