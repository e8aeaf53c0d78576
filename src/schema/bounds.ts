import { jsonColumnDepth } from "../db/column-sizes.ts";

/**
 * What a schema and the traits under it may grow to. Schemas come from whoever
 * runs the server, traits from anyone, and both are walked recursively.
 */
export const bounds = {
  /** Bytes of a schema document. */
  schemaBytes: 1024 * 1024,
  /** Nested schemas, references followed. */
  schemaDepth: 32,
  /** Schemas in a document, each counted as often as references lead to it. */
  schemaNodes: 10_000,
  /** Nested arrays and objects in a schema document. */
  schemaJsonDepth: 128,
  /** Nested arrays and objects in traits: what their column takes. */
  traitDepth: jsonColumnDepth,
  /** Values in one person's traits. */
  traitValues: 1_000,
  /** Characters of a trait's own name. */
  traitName: 1_024,
  /** Identifiers and addresses of one kind that a person may have. */
  uses: 100,
  /** Characters of a value that a pattern is run on. */
  patternInput: 65_536,
  /** Options offered of an enumeration. */
  options: 500,
  /** Values that are put back into a form beside those of its fields. */
  submittedValues: 1_000,
  /** Characters of their names. */
  shownNames: 65_536,
  /** Faults reported at once. */
  reported: 100,
} as const;
