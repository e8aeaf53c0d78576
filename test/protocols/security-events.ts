import { expect } from "vitest";
import { idBytes } from "./rows.ts";
import type { TestServer } from "./server.ts";

/* What is recorded of somebody, as the database has it. */

/** An event of a person. */
export interface RecordedEvent {
  readonly type: string;
  readonly outcome: string;
  readonly remote_address: string;
  readonly created_at: Date;
  readonly request_id: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** All of a person's, oldest first. */
export const recordedOf = async (server: TestServer, identityId: string): Promise<readonly RecordedEvent[]> => {
  const rows = await server.sql<RecordedEvent>(
    "SELECT * FROM security_events WHERE identity_id = ? ORDER BY position",
    [idBytes(identityId)],
  );
  return rows.map((row) => ({ ...row, detail: typeof row.detail === "string" ? JSON.parse(row.detail) : row.detail }));
};

/**
 * Compares what was recorded since the last look, or after the first `seen`, and waits for refusals: they are written
 * beside the answer.
 */
export const watchEvents = (server: TestServer, identityId: string, seen = 0) => {
  let looked = seen;
  return async (...expected: readonly (readonly [type: string, detail?: object])[]): Promise<void> => {
    const since = async () => (await recordedOf(server, identityId)).slice(looked);
    await expect.poll(async () => (await since()).map(({ type }) => type)).toEqual(expected.map(([type]) => type));
    const rows = await since();
    for (const [index, [type, detail = {}]] of expected.entries()) {
      const row = rows[index];
      expect(row?.detail).toMatchObject(detail);
      expect(row).toMatchObject({
        outcome: /\.(?:refused|limited)$/.test(type) ? "refused" : "done",
        remote_address: "127.0.0.1",
        request_id: expect.stringMatching(/./),
      });
      expect(Math.abs(Number(row?.created_at) - server.clock.now().getTime())).toBeLessThan(1_000);
    }
    looked += rows.length;
  };
};
