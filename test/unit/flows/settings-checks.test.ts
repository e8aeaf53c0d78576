import { describe, expect, it } from "vitest";
import type { Sql } from "../../../src/db/sql.ts";
import { ServiceError } from "../../../src/errors/service-error.ts";
import { errorTable } from "../../../src/errors/table.ts";
import { mustBeFound, mustBeOwn } from "../../../src/flows/settings/checks.ts";
import type { SettingsRead, SettingsStore } from "../../../src/flows/settings/store.ts";
import type { FlowRecord } from "../../../src/flows/shared/flow.ts";
import type { SignedIn } from "../../../src/session/session.ts";

/* Whose a settings flow is. */

const flow = { id: "flow", identityId: "ann" } as unknown as FlowRecord;
const signedIn = (id: string) => ({ identity: { id } }) as unknown as SignedIn;
const reasonOf = async (check: () => unknown): Promise<string | undefined> => {
  try {
    await check();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ServiceError)) throw thrown;
    return Object.entries(errorTable).find(([, row]) => row === thrown.row)?.[0];
  }
};

describe("a settings flow", () => {
  it("is its owner's, and nobody else's", async () => {
    expect(await reasonOf(() => mustBeOwn(flow, signedIn("ann")))).toBeUndefined();
    expect(await reasonOf(() => mustBeOwn(flow, signedIn("bob")))).toBe("IDENTITY_MISMATCH");
    expect(() => mustBeOwn(flow, signedIn("bob"))).toThrow(
      expect.objectContaining({
        parts: { explain: "The flow was created by another person. Create one with this session." },
      }),
    );
  });

  it("that is not among the caller's is told from one that does not exist", async () => {
    const storeWith = (exists: boolean) => ({ exists: async () => exists }) as unknown as SettingsStore;
    const find = (read: SettingsRead | undefined, exists: boolean) => () =>
      mustBeFound(storeWith(exists), {} as Sql, read, "flow");
    const [own, none] = [{ flow } as unknown as SettingsRead, { flow: undefined } as unknown as SettingsRead];
    expect(await find(own, true)()).toBe(flow);
    expect(await find(own, false)()).toBe(flow);
    expect(await reasonOf(find(none, true))).toBe("IDENTITY_MISMATCH");
    expect(await reasonOf(find(none, false))).toBe("FLOW_NOT_FOUND");
    // Without a session nothing is told of flows.
    expect(await reasonOf(find(undefined, true))).toBe("FLOW_NOT_FOUND");
  });
});
