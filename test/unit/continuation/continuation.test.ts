import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type ContinuationBinding,
  type ContinuationRecord,
  createContinuations,
} from "../../../src/continuation/continuation.ts";
import type { Sql, SqlValue } from "../../../src/db/sql.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { uuidText } from "../../../src/lib/ids.ts";

/* What waits opens for exactly what it was parked for. */

const now = new Date("2026-05-01T12:00:00.000Z");
const clock = { now: () => now };
const aead = createAead({ algorithm: "aes", keys: [randomBytes(32).toString("base64")] });
const continuations = createContinuations({ aead, clock });

const binding: ContinuationBinding = {
  homeId: randomUUID(),
  flowId: randomUUID(),
  kind: "reauthentication",
  step: "proof",
  method: "password",
  sessionId: randomUUID(),
  identityId: randomUUID(),
};
const payload = { password: "another one" };

/** Parks it and reads what was stored. */
const park = async (of: ContinuationBinding = binding, lifespan = 60_000): Promise<ContinuationRecord> => {
  const rows: (readonly SqlValue[])[] = [];
  const sql = {
    execute: async (statement: string, values: readonly SqlValue[] = []) => {
      if (statement.startsWith("INSERT")) rows.push(values);
      return { affectedRows: 1 };
    },
  } as unknown as Sql;
  await continuations.park(sql, of, payload, lifespan);
  const [row = []] = rows;
  return {
    ...of,
    id: uuidText(row[3] as Buffer),
    ciphertext: row[8] as Buffer,
    expiresAt: row[9] as Date,
  };
};

const others: readonly (readonly [string, Partial<Record<keyof ContinuationBinding, string | undefined>>])[] = [
  ["it is at home elsewhere", { homeId: randomUUID() }],
  ["the flow is another", { flowId: randomUUID() }],
  ["it waits for another reason", { kind: "redirect" }],
  ["it waits for something else", { step: "callback" }],
  ["the method is another", { method: "profile" }],
  ["the session is another", { sessionId: randomUUID() }],
  ["there is no session", { sessionId: undefined }],
  ["the person is another", { identityId: randomUUID() }],
  ["there is no person", { identityId: undefined }],
];

describe("what waits", () => {
  it("opens under what it was parked for, and is stored in no clear text", async () => {
    const record = await park();
    expect(continuations.open(record, binding)).toEqual(payload);
    expect(record.ciphertext.toString("latin1")).not.toContain("another one");
    const nobodys = { ...binding, sessionId: undefined, identityId: undefined };
    expect(continuations.open(await park(nobodys), nobodys)).toEqual(payload);
  });

  it.each(others)("does not open where %s", async (_, other) => {
    const record = await park();
    expect(continuations.open(record, { ...binding, ...other } as ContinuationBinding)).toBeUndefined();
  });

  it("does not open as another row's, nor altered, nor from its last moment on", async () => {
    const record = await park();
    expect(continuations.open({ ...record, id: randomUUID() }, binding)).toBeUndefined();
    const altered = Buffer.from(record.ciphertext.map((byte, at) => (at === 20 ? byte ^ 1 : byte)));
    expect(continuations.open({ ...record, ciphertext: altered }, binding)).toBeUndefined();
    expect(continuations.open(await park(binding, 1), binding)).toEqual(payload);
    expect(continuations.open(await park(binding, 0), binding)).toBeUndefined();
  });
});
