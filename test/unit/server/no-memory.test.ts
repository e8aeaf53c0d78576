import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { SessionService, WhoAmIResponseSchema } from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await serve([[SessionService.method.whoAmI, () => create(WhoAmIResponseSchema)]]);
});
afterAll(() => server.close());
afterEach(() => void vi.restoreAllMocks());

/** Sends a body in two pieces, so that the buffer of the first has to grow. */
const send = (): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const request = http.request(`${server.url}/ostiary.session.v1.SessionService/WhoAmI`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-session-token": "ory_st_some" },
    });
    request.on("error", reject).on("response", async (response) => {
      const text = (await response.setEncoding("utf8").toArray()).join("");
      resolve({ status: response.statusCode ?? 0, text });
    });
    const body = JSON.stringify({ tokenizeAs: "some_template" });
    request.write(body.slice(0, 10));
    sleep(50).then(() => request.end(body.slice(10)));
  });

test("a body that the system has no memory for is refused, and the process goes on", async () => {
  const allocate = Buffer.allocUnsafeSlow;
  const failing = vi.spyOn(Buffer, "allocUnsafeSlow").mockImplementation((size) => {
    // The smallest buffer that a body grows to.
    if (size < 4_096) return allocate(size);
    throw new RangeError("Array buffer allocation failed");
  });
  const { status, text } = await send();
  expect([status, text]).toEqual([429, expect.stringContaining("resource_exhausted")]);
  failing.mockRestore();
  expect((await send()).status).toBe(200);
});
