import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Readable } from "node:stream";
import { create, type Message } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  AccountService,
  type StreamAccountExportRequest,
  StreamAccountExportRequestSchema,
  type StreamAccountExportResponse,
  StreamAccountExportResponseSchema,
} from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import {
  IdentityAdminService,
  ImportIdentitiesRequestSchema,
  ImportIdentitiesResponseSchema,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { serviceError } from "../../../src/errors/service-error.ts";
import type { Call } from "../../../src/lib/call.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createLog } from "../../../src/lib/log.ts";
import { admitted } from "../../../src/server/admin-lock/admission.ts";
import { createCallLimit } from "../../../src/server/call-limit.ts";
import { createCallLog } from "../../../src/server/call-log.ts";
import { openEnvelopes } from "../../../src/server/connect/open-envelopes.ts";
import { createMetrics } from "../../../src/server/metrics.ts";
import type { ProcedureDeps } from "../../../src/server/procedure.ts";
import { createReceivingProcedure } from "../../../src/server/receiving-procedure.ts";
import { openLines } from "../../../src/server/rest/open-lines.ts";
import { splitLines } from "../../../src/server/rest/split-lines.ts";
import { createSendingProcedure } from "../../../src/server/sending-procedure.ts";

/* Whatever gives one thing after the other ends, and frees what it holds, when nobody asks for more. */

const call = (): Call => ({
  protocol: "rest",
  port: "admin",
  headers: { "x-session-token": "t" },
  url: "https://id.example.com/x",
  remoteAddress: "192.0.2.1",
  requestId: "r-1",
  admission: admitted({ name: "test", scopes: ["*"] }),
  signal: new AbortController().signal,
  reply: { headers: new Map(), cookies: [] },
});

/** Counts what was begun and is not ended. */
const setUp = () => {
  const state: { open: number; readonly codes: unknown[] } = { open: 0, codes: [] };
  const log = createLog(
    { level: "info", format: "json" },
    { write: (line) => state.codes.push(JSON.parse(line).code) },
  );
  // There is room for one call: a second one tells whether it was left.
  const callLimit = createCallLimit(1);
  const deps: ProcedureDeps = {
    callLog: createCallLog({ log, metrics: createMetrics() }),
    callLimit,
    clock: systemClock,
    credential: () => true,
    trustedOrigin: () => true,
  };
  async function* source<T>(item: T): AsyncGenerator<T> {
    state.open += 1;
    try {
      for (let n = 0; n < 3; n++) yield item;
    } finally {
      state.open -= 1;
    }
  }
  const sending = createSendingProcedure({
    method: AccountService.method.streamAccountExport,
    send: () => source(create(StreamAccountExportResponseSchema)),
    deps,
  }) as (request: StreamAccountExportRequest, call: Call) => AsyncGenerator<StreamAccountExportResponse>;
  const receiving = createReceivingProcedure({
    method: IdentityAdminService.method.importIdentities,
    async *receive(requests) {
      for await (const _ of requests) yield create(ImportIdentitiesResponseSchema);
    },
    deps,
  });
  const received = { kind: "message", message: create(ImportIdentitiesRequestSchema), bytes: 1 } as const;
  const isRoomLeft = (): boolean => {
    const leave = callLimit.enter();
    leave?.();
    return leave !== undefined;
  };
  const makers = {
    "the answers of an RPC": () => sending(create(StreamAccountExportRequestSchema), call()),
    "the answer to a stream of requests": () => receiving(source(received), call()) as AsyncGenerator<Message>,
    "the lines of a body": () => splitLines(source(Buffer.from("one\ntwo\n")), 100),
    "the envelopes of a body": () => openEnvelopes(source(Buffer.from([0, 0, 0, 0, 0])), 100),
  } as const;
  return { state, makers, isRoomLeft };
};

const moments = [
  ["before anything was asked for", 0],
  ["in its middle", 2],
  ["after its end", Number.POSITIVE_INFINITY],
] as const;

describe.each(moments)("what is closed %s", (_, asked) => {
  it.each(Object.keys(setUp().makers) as (keyof ReturnType<typeof setUp>["makers"])[])(
    "has nothing left: %s",
    async (name) => {
      const { state, makers, isRoomLeft } = setUp();
      const generator: AsyncGenerator<unknown> = makers[name]();
      for (let n = 0; n < asked; n++) if ((await generator.next()).done) break;
      await generator.return(undefined);
      expect([state.open, isRoomLeft()]).toEqual([0, true]);
    },
  );

  it.each(["the answers of an RPC", "the answer to a stream of requests"] as const)(
    "has nothing left as lines either, and is logged once: %s",
    async (name) => {
      const { state, makers, isRoomLeft } = setUp();
      const lines: Readable = await openLines(makers[name](), {
        print: () => "{}\n",
        call: call(),
        requestId: undefined,
      });
      expect([state.open, isRoomLeft()]).toEqual([1, false]);
      let read = 0;
      if (asked > 0) for await (const _ of lines) if (++read >= asked) break;
      lines.destroy();
      await expect.poll(() => [state.open, isRoomLeft(), state.codes.length]).toEqual([0, true, 1]);
      // In its middle what is left may have been read ahead.
      if (asked !== 2) expect(state.codes).toEqual([asked === 0 ? "canceled" : "ok"]);
    },
  );
});

it("an error before the first line is thrown, and one that comes later is the last line", async () => {
  async function* failing(after: number): AsyncGenerator<Message> {
    for (let n = 0; n < after; n++) yield create(StreamAccountExportResponseSchema);
    throw serviceError("OVERLOADED");
  }
  const options = { print: () => "{}\n", call: call(), requestId: undefined };
  await expect(openLines(failing(0), options)).rejects.toMatchObject({ row: { status: 503 } });
  const lines = (await (await openLines(failing(2), options)).toArray()).join("").trim().split("\n");
  expect(lines.slice(0, 2)).toEqual(["{}", "{}"]);
  expect(JSON.parse(lines[2] ?? "")).toMatchObject({ error: { code: 503 } });
});

it("nothing in the server steps by hand what others produce, but what owns its end", () => {
  const root = path.resolve(import.meta.dirname, "../../..");
  const stepping = globSync("src/server/**/*.ts", { cwd: root }).filter((file) =>
    /\[Symbol\.(?:asyncI|i)terator\]\(\)|\.next\(\)/.test(readFileSync(path.join(root, file), "utf8")),
  );
  expect(stepping).toEqual(["src/server/rest/open-lines.ts"]);
});
