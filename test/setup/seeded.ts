import fc from "fast-check";
import { inject } from "vitest";

/*
 * Imported by every test of properties: they draw their values from the seed of
 * the run, which is new each time and printed at its beginning. A run with
 * PROPERTY_SEED draws the same values again. A case that was found stays in the
 * test, among its `examples` or as a test of its own.
 */

fc.configureGlobal({ seed: inject("seed") });
