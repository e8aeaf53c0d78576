import { createHmac } from "node:crypto";
import type { JsonValue } from "@bufbuild/protobuf";
import { sha256 } from "../lib/digest.ts";

/*
 * The chain of a person's events: each has a digest over what it says and over
 * the digest of the one before. What an event says goes in as a keyed digest
 * that is stored nowhere, so that whoever can write to the database cannot make
 * the digests that follow a row that they removed or altered.
 */

/** All that an event says, as it is stored. */
export interface ChainedContent {
  readonly identityId: string;
  readonly id: string;
  readonly sessionId: string | undefined;
  readonly type: string;
  readonly outcome: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly detail: JsonValue;
  /** Of an event; a checkpoint has none. */
  readonly createdAt: Date | undefined;
}

/** Makes the keyed digest of what an event says, as hexadecimal digits. */
export const contentDigest = (key: string, content: ChainedContent): string => {
  const { identityId, id, sessionId, type, outcome, remoteAddress, userAgent, requestId, detail, createdAt } = content;
  const text = JSON.stringify([
    "ostiary event 1",
    identityId,
    id,
    sessionId ?? null,
    type,
    outcome,
    remoteAddress,
    userAgent,
    requestId,
    sorted(detail),
    createdAt?.getTime() ?? null,
  ]);
  return createHmac("sha256", key).update(text).digest("hex");
};

/**
 * Makes the digest of an event: SHA-256 over the digest before, as hexadecimal
 * digits in upper case (empty for the first event), and the digest of its content.
 * `INSERT` of an event computes the same in SQL.
 */
export const linkDigest = (before: Buffer | undefined, content: string): Buffer =>
  sha256((before?.toString("hex").toUpperCase() ?? "") + content);

/** Makes the keyed digest that a checkpoint carries, so that nobody else makes one. */
export const checkpointDigest = (key: string, identityId: string, position: number, digest: Buffer): string =>
  createHmac("sha256", key)
    .update(JSON.stringify(["ostiary checkpoint 1", identityId, position, digest.toString("hex")]))
    .digest("hex");

/** Databases store the members of an object in an order of their own. */
const sorted = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
};
