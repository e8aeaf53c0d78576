import { afterAll, afterEach, beforeAll, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { commands } from "../../../src/cli/commands.ts";
import { runCommandLine } from "../../../src/cli/run.ts";
import { merge } from "../../../src/config/tree.ts";
import { enrolCodes, enrolTotp, withFactors } from "../../protocols/factors.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { change, enterAs, newEmail, newPassword } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* `ostiary identities factors`, `links`, `addresses` and `cancel-address`: what somebody has, for operators. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: merge(withFactors, {
      selfservice: {
        flows: {
          settings: { after: { profile: { hooks: [{ hook: "verify_new_address" }] } } },
          verification: { enabled: true },
        },
      },
    }),
  });
});
afterAll(() => server?.stop());

let said: string[] = [];
let spies: readonly MockInstance[] = [];
beforeEach(() => {
  const hear = (text: unknown) => void said.push(String(text));
  spies = [vi.spyOn(console, "log").mockImplementation(hear), vi.spyOn(console, "error").mockImplementation(hear)];
});
afterEach(() => {
  for (const spy of spies) spy.mockRestore();
  process.exitCode = undefined;
});
const run = async (...args: readonly string[]): Promise<string> => {
  said = [];
  await runCommandLine(["identities", ...args, "--admin-url", server.adminUrl], commands);
  return said.join("\n");
};
/** Somebody with a password and two accounts of one provider. */
const someone = async () => {
  const [email, password] = [newEmail(), newPassword()];
  const providers = ["one", "two"].map((name) => ({ provider: "github", subject: `${name}-${email}` }));
  const answer = await operatorRest.call(server.adminUrl, IdentityAdminService.method.createIdentity, {
    schema_id: "person",
    traits: { email },
    credentials: { password: { config: { password } }, oidc: { config: { providers } } },
  });
  const { id } = done(answer).identity as { readonly id: string };
  return { id, email, visitor: await enterAs(nativeRest, server, { email, password }) };
};
const uuid = "[0-9a-f-]{36}";
const time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z";

it("factors lists what somebody signs in with, and how many codes are left", async () => {
  const { id, visitor } = await someone();
  await enrolTotp(visitor, server);
  await enrolCodes(visitor);
  const table = (await run("factors", id)).split("\n");
  expect(table[0]).toMatch(/^TYPE +NAME +SINCE +LEFT +ID$/);
  expect(table.slice(1)).toEqual([
    expect.stringMatching(/^password\b/),
    expect.stringMatching(new RegExp(`^totp +${time}$`)),
    expect.stringMatching(new RegExp(`^lookup_secret +${time} +12$`)),
  ]);
  expect((await run("factors", id, "--limit", "1")).split("\n")).toHaveLength(2);
  const printed = (await run("factors", id, "--json")).split("\n").map((line) => JSON.parse(line) as object);
  expect(printed).toMatchObject([{ type: "password" }, { type: "totp" }, { type: "lookup_secret", remaining: 12 }]);
});

it("links lists accounts at providers", async () => {
  const { id, email } = await someone();
  const table = (await run("links", id)).split("\n");
  expect(table[0]).toMatch(/^PROVIDER +SUBJECT +ACCOUNT +SINCE$/);
  expect(table.slice(1)).toEqual(["one", "two"].map((name) => expect.stringMatching(`^github +${name}-${email}`)));
  expect(JSON.parse(await run("links", id, "--limit", "1", "--json"))).toMatchObject({
    provider: "github",
    subject: `one-${email}`,
  });
});

it("addresses lists those that wait, and cancel-address gives one up", async () => {
  const { id, visitor } = await someone();
  const wanted = newEmail();
  accepted(await change(visitor, { method: "profile", traits: { email: wanted } }));
  const [heads, row = "", ...more] = (await run("addresses", id)).split("\n");
  expect([heads, more]).toEqual([expect.stringMatching(/^ID +VIA +ADDRESS +SINCE +EXPIRES$/), []]);
  expect(row).toMatch(new RegExp(`^${uuid} +email +${wanted} +${time} +${time}$`));
  const waiting = JSON.parse(await run("addresses", id, "--json")) as { readonly id: string; readonly value: string };
  expect(waiting.value).toBe(wanted);
  expect(await run("cancel-address", id, waiting.id)).toBe(`cancelled ${waiting.id}`);
  expect(await run("addresses", id, "--json")).toBe("");
});

it.each([
  [["factors"], "name one id of an identity"],
  [["links", "one", "two"], "name one id of an identity"],
  [["addresses", "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99"], "There is no identity of this id."],
  [["cancel-address", "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99"], "those of its pending addresses"],
  [["cancel-address", "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99", "x"], "pending_address_id"],
  [["factors", "x", "--limit", "none"], "--limit is no number"],
])("%j is refused", async (args, message) => {
  expect(await run(...args)).toContain(message);
  expect(process.exitCode).toBe(1);
});
