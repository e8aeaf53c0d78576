import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { expect, it } from "vitest";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { startServer } from "../../protocols/server.ts";

const overrides = { events: { stream: { enabled: true } } };

it("a server that stops ends what is watched, through every protocol, and says that it is not all", async () => {
  const server = await startServer({ overrides });
  const baseUrl = server.adminUrl;
  const calls = [
    createConnectTransport({ baseUrl, httpVersion: "1.1" }),
    createConnectTransport({ baseUrl, httpVersion: "2" }),
    createGrpcTransport({ baseUrl }),
    createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  ].map((transport) => async () => {
    const answers = createClient(EventAdminService, transport).watchEvents({})[Symbol.asyncIterator]();
    await answers.next();
    return async () => {
      try {
        for (let next = await answers.next(); next.done !== true; next = await answers.next());
        return "it ended";
      } catch (thrown) {
        return Code[ConnectError.from(thrown).code];
      }
    };
  });
  const ends = await Promise.all(calls.map((open) => open()));
  const said = Promise.all(ends.map((end) => end()));
  // Calls in flight have two minutes: it would not end within the time of a test.
  await server.stop();
  expect(await said).toEqual(Array(4).fill("Unavailable"));
});
