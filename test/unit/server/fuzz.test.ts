import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SettingsService, UpdateFlowResponseSchema } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { serve, type TestServer } from "./server.ts";
import "../../setup/seeded.ts";

let server: TestServer;
beforeAll(async () => {
  server = await serve([[SettingsService.method.updateFlow, () => create(UpdateFlowResponseSchema)]], {
    bytes: 50_000,
  });
});
afterAll(() => server.close());

const post = (type: string, body: string | Uint8Array) =>
  fetch(`${server.url}/ostiary.settings.v1.SettingsService/UpdateFlow`, {
    method: "POST",
    headers: { "content-type": type, "x-session-token": "t" },
    body: body as never,
  });

/** What a server may say to nonsense. */
const sane = [200, 400, 413, 415, 429];

const traits = fc.jsonValue({ maxDepth: 6 });
const wild = fc.oneof(
  fc.record({ flow: fc.string({ unit: "binary" }), body: fc.record({ profile: fc.record({ traits }) }) }),
  fc.record({ flow: traits, body: traits }),
  fc.record({
    body: fc.dictionary(
      fc.constantFrom("profile", "password", "csrfToken", "updateMask", "transientPayload", "__proto__", "x"),
      traits,
    ),
  }),
  traits,
);

test("no JSON makes a call break", async () => {
  await fc.assert(
    fc.asyncProperty(wild, async (value) => {
      const answer = await post("application/json", JSON.stringify(value));
      expect(sane).toContain(answer.status);
      await answer.arrayBuffer();
    }),
    { numRuns: 300 },
  );
});

test("no text makes a call break", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 300 }), async (text) => {
      const answer = await post("application/json", text);
      expect(sane).toContain(answer.status);
      await answer.arrayBuffer();
    }),
    { numRuns: 200 },
  );
});

test("no bytes make a call break, in any protocol", async () => {
  const types = fc.constantFrom(
    "application/proto",
    "application/grpc-web+proto",
    "application/grpc+proto",
    "application/json",
  );
  await fc.assert(
    fc.asyncProperty(types, fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (type, bytes, framed) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(bytes.length, 1);
      const answer = await post(type, framed ? Buffer.concat([head, bytes]) : bytes);
      expect(sane).toContain(answer.status);
      await answer.arrayBuffer();
    }),
    { numRuns: 300 },
  );
  expect(server.lines.filter(({ level }) => level === "error")).toEqual([]);
});
