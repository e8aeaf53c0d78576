import { once } from "node:events";
import type { Readable } from "node:stream";
import { create, type Message } from "@bufbuild/protobuf";
import { expect, it, vi } from "vitest";
import {
  AccountService,
  StreamAccountExportRequestSchema,
  StreamAccountExportResponseSchema,
} from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import type { Call } from "../../../src/lib/call.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createCallLimit } from "../../../src/server/call-limit.ts";
import { createCallLog } from "../../../src/server/call-log.ts";
import { createMetrics } from "../../../src/server/metrics.ts";
import { openLines } from "../../../src/server/rest/open-lines.ts";
import { createSendingProcedure } from "../../../src/server/sending-procedure.ts";

/** An answer that goes on until its signal is aborted, as lines of REST. */
const setUp = () => {
  const stopping = new AbortController();
  const log = createLog({ level: "info", format: "json" }, { write: () => undefined });
  const procedure = createSendingProcedure({
    method: AccountService.method.streamAccountExport,
    async *send(_, { signal }) {
      for (;;) {
        yield create(StreamAccountExportResponseSchema);
        if (signal.aborted) return;
        await once(signal, "abort");
      }
    },
    deps: {
      callLog: createCallLog({ log, metrics: createMetrics() }),
      callLimit: createCallLimit(),
      clock: systemClock,
      credential: () => true,
      trustedOrigin: () => true,
      stopping: stopping.signal,
    },
  });
  const cut = vi.fn();
  const call: Call = {
    protocol: "rest",
    port: "public",
    headers: { "x-session-token": "t" },
    url: "https://id.example.com/x",
    remoteAddress: "192.0.2.1",
    requestId: "r-1",
    signal: new AbortController().signal,
    cut,
    reply: { headers: new Map(), cookies: [] },
  };
  const answer = procedure(create(StreamAccountExportRequestSchema), call) as AsyncIterable<Message>;
  return { stopping, cut, open: () => openLines(answer, { print: () => "{}\n", call, requestId: undefined }) };
};

it("an answer ends once the server stops, with a word that it is not all", async () => {
  const { stopping, cut, open } = setUp();
  const lines = (await open()).toArray();
  stopping.abort(new Error("the server stops"));
  const [first, ...others] = (await lines).join("").trim().split("\n");
  expect(first).toBe("{}");
  expect(JSON.parse(others.at(-1) ?? "")).toMatchObject({ error: { code: 503 } });
  expect(cut).not.toHaveBeenCalled();
});

it("whoever does not read that is cut off", async () => {
  const { stopping, cut, open } = setUp();
  const unread: Readable = await open();
  stopping.abort(new Error("the server stops"));
  await expect.poll(() => cut.mock.calls.length, { timeout: 5_000 }).toBe(1);
  unread.destroy();
});
