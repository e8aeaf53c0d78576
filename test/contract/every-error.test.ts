import { readFile } from "node:fs/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorInfoSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { renderErrorDocs } from "../../scripts/generate-error-docs.ts";
import { type ErrorName, errorTable } from "../../src/errors/table.ts";
import { type DatabaseProxy, openDatabaseProxy } from "../protocols/database-proxy.ts";
import { type CallbackResult, send } from "../protocols/http.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { busy, type Case, createErrorCases, type OutOfReach, outOfReach, strict } from "./error-cases.ts";

/*
 * Every row of the table of errors is documented, and reached through REST and
 * through Connect, where it says the same. A row without a case does not compile.
 */

const server: TestServer = await startServer({
  overrides: { selfservice: { flows: { verification: { enabled: true } } } },
});
const proxy: DatabaseProxy = await openDatabaseProxy(server.database);
afterAll(async () => {
  proxy.cut();
  await proxy.close();
  await server.stop();
});

const { usual, whenStrict, whenBusy, whenLost, whenCut, perform } = createErrorCases(server, proxy);

/** All rows: one that is missing does not compile. */
const all = { ...usual, ...whenStrict, ...whenBusy, ...whenLost, ...whenCut, ...outOfReach } satisfies Record<
  ErrorName,
  Case | OutOfReach
>;

const mustBe = (name: ErrorName, viaRest: CallbackResult, viaConnect: CallbackResult): void => {
  const row = errorTable[name];
  const [{ value } = { value: "" }] = (viaConnect.json.details as { type: string; value: string }[]).filter(
    ({ type }) => type === "ostiary.errors.v1.ErrorInfo",
  );
  const info = fromBinary(ErrorInfoSchema, Buffer.from(value, "base64"));
  expect([viaConnect.json.code, info.reason, info.id]).toEqual([codeToString(row.code), row.reason, row.id]);

  expect(viaRest.status).toBe(row.status);
  if (name === "FORM_REJECTED") {
    expect(viaRest.json).toMatchObject({ ui: { nodes: expect.any(Array) } });
    return;
  }
  const { error } = viaRest.json as {
    readonly error: { readonly id?: string; readonly code: number; readonly message: string };
  };
  expect([error.id ?? "", error.code, error.message]).toEqual([row.id, row.status, row.message]);
};

const reached = (cases: Partial<Record<ErrorName, Case>>) => Object.entries(cases) as [ErrorName, Case][];

describe("each error says the same through REST and Connect", () => {
  it.each(reached(usual))("%s", async (name, { rest: viaRest, connect }) =>
    mustBe(name, await viaRest(), await connect()),
  );

  describe("where something is switched off or out of order", () => {
    beforeAll(async () => {
      await perform();
      await server.restart(strict);
    });
    it.each(reached(whenStrict))("%s", async (name, { rest: viaRest, connect }) =>
      mustBe(name, await viaRest(), await connect()),
    );
  });

  describe("where there is too much to do", () => {
    beforeAll(() => server.restart(busy));
    it.each(reached(whenBusy))("%s", async (name, { rest: viaRest, connect }) =>
      mustBe(name, await viaRest(), await connect()),
    );
  });

  describe("where the database is lost at the very end", () => {
    beforeAll(() => server.restart({ dsn: proxy.dsn }));
    it.each(reached(whenLost))("%s", async (name, { rest: viaRest, connect }) => {
      const [first, second] = [await viaRest(), await connect()];
      mustBe(name, first, second);
      expect([first.headers["retry-after"], second.headers["retry-after"]]).toEqual([undefined, undefined]);
    });
  });

  describe("where the database is not there", () => {
    beforeAll(async () => {
      expect((await send(`${server.url}/self-service/login/api`)).status).toBe(200);
      proxy.cut();
    });
    it.each(reached(whenCut))("%s", async (name, { rest: viaRest, connect }) =>
      mustBe(name, await viaRest(), await connect()),
    );

    it("the server says so where it is asked, and goes on by itself when the database is back", async () => {
      const ready = async () => (await send(`${server.adminUrl}/health/ready`)).status;
      await expect.poll(ready, { timeout: 2_000 }).toBe(503);
      expect((await send(`${server.adminUrl}/health/alive`)).status).toBe(200);
      const answer = await send(`${server.url}/self-service/login/api`);
      expect(answer.headers["retry-after"]).toBe("1");
      proxy.mend();
      expect((await send(`${server.url}/self-service/login/api`)).status).toBe(200);
      await expect.poll(ready, { timeout: 5_000 }).toBe(200);
    });
  });
});

describe("the table of errors", () => {
  it("has a case for every row", () => {
    expect(Object.keys(all).sort()).toEqual(Object.keys(errorTable).sort());
    expect(
      [usual, whenStrict, whenBusy, whenLost, whenCut, outOfReach].flatMap((part) => Object.keys(part)),
    ).toHaveLength(Object.keys(errorTable).length);
  });

  it("is what docs/errors.md says (node scripts/generate-error-docs.ts)", async () => {
    expect(await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8")).toBe(renderErrorDocs());
  });

  it("tells no two rows apart by nothing: reasons differ, and so do status, id and message together", () => {
    const rows = Object.values(errorTable);
    expect(new Set(rows.map(({ reason }) => reason)).size).toBe(rows.length);
    expect(new Set(rows.map(({ status, id, message }) => `${status} ${id} ${message}`)).size).toBe(rows.length);
  });
});
