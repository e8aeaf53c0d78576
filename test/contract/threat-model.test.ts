import { readFileSync } from "node:fs";
import net from "node:net";
import { getOption } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { Access, access } from "../../gen/ostiary/options/v1/options_pb.ts";
import { allRpcs, renderThreatDocs, rowOf } from "../../scripts/generate-threat-docs.ts";
import { limitsOf } from "../../src/server/intake.ts";
import { rpcName } from "../../src/server/rpc-name.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* For every RPC the page says what a stranger may send, and a running server takes no more. */

const rpcs = await allRpcs();
const page = readFileSync("docs/threat-model.md", "utf8");

it("docs/threat-model.md is what the contract says (scripts/generate-threat-docs.ts writes it)", () => {
  expect(page).toBe(renderThreatDocs(rpcs));
});

it("an RPC that does not say what it can cost has no row", () => {
  const [method] = rpcs;
  if (method === undefined) throw new Error("the contract has RPCs");
  const silent = { ...method, proto: { ...method.proto, options: undefined } } as unknown as typeof method;
  expect(() => rowOf(silent)).toThrow("must say (access) and (costs)");
});

describe("of every RPC", () => {
  const isForOperators = (method: (typeof rpcs)[number]): boolean => getOption(method, access) === Access.ADMIN;
  const forOperators = rpcs.filter(isForOperators);
  const forOthers = rpcs.filter((method) => !isForOperators(method));
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server?.stop());

  /** Announces a body of a stranger's and sends nothing of it. */
  const announced = (path: string, length: number, base = server.url, header = ""): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(base);
      const socket = net.connect(Number(port), hostname).on("error", reject);
      socket.once("data", (chunk) => {
        socket.destroy();
        resolve(Number(chunk.toString("latin1").slice(9, 12)));
      });
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
          `content-length: ${length}\r\n${header}\r\n`,
      );
    });

  const streamed = forOperators.filter(({ methodKind }) => methodKind !== "unary");

  it.each(streamed.map((method) => [rpcName(method), method] as const))(
    "%s nothing is read of the stream of who is not let in",
    async (name, method) => {
      expect(page).toContain(`| \`${name.replace(/^ostiary\./, "")}\` |`);
      const bound = getOption(method, http).pattern.value;
      const path = bound === undefined ? `/${name}` : String(bound);
      expect(await announced(path, 1, server.adminUrl, "origin: https://evil.example.org\r\n")).toBe(403);
    },
  );

  const whole = forOperators.filter(({ methodKind }) => methodKind === "unary");

  it.each(whole.map((method) => [rpcName(method), method] as const))(
    "%s nothing is read of who is not let in, and no more than it may hold of who is",
    async (name, method) => {
      expect(page).toContain(`| \`${name.replace(/^ostiary\./, "")}\` |`);
      expect(await announced(`/${name}`, 1, server.adminUrl, "origin: https://evil.example.org\r\n")).toBe(403);
      const { withSession } = limitsOf(method, { withoutSession: 65_536, withSession: 5_242_880 });
      expect(await announced(`/${name}`, withSession + 1, server.adminUrl)).toBe(429);
    },
  );

  it.each(forOthers.map((method) => [rpcName(method), method] as const))(
    "%s a stranger's large message is refused unread",
    async (name, method) => {
      expect(page).toContain(`| \`${name.replace(/^ostiary\./, "")}\` |`);
      const { withoutSession } = limitsOf(method, { withoutSession: 65_536, withSession: 1_048_576 });
      expect(withoutSession).toBeLessThanOrEqual(65_536);
      const needsSession = getOption(method, access) === Access.SESSION;
      expect(await announced(`/${name}`, withoutSession + 1)).toBe(needsSession ? 401 : 429);
    },
  );
});
