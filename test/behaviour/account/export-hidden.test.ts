import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountAdminService } from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { send } from "../../protocols/http.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorGrpc, operatorRest } from "../../protocols/operators.ts";
import { asOwner } from "../../protocols/owners.ts";
import { change, enterAs, newEmail, newPassword } from "../../protocols/person.ts";
import { accepted, type Visitor } from "../../protocols/protocol.ts";
import { lastCodeTo, messagesTo } from "../../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Where accounts are hidden, nobody finds out from what is stored about them that somebody else has an address. */

const flows = {
  settings: { after: { profile: { hooks: [{ hook: "verify_new_address" }] } } },
  verification: { enabled: true },
};
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: { security: { account_enumeration: { mitigate: true } }, selfservice: { flows } },
  });
});
afterAll(() => server?.stop());

interface Someone {
  readonly email: string;
  readonly id: string;
  readonly visitor: Visitor;
}
/** Somebody who was written to at their own address. */
const newOne = async (): Promise<Someone> => {
  const [email, password] = [newEmail(), newPassword()];
  const { createIdentity } = IdentityAdminService.method;
  const answer = await operatorRest.call(server.adminUrl, createIdentity, {
    schema_id: "person",
    traits: { email },
    credentials: { password: { config: { password } } },
  });
  const { id } = done(answer).identity as { readonly id: string };
  const visitor = await enterAs(nativeRest, server, { email, password });
  const flow = accepted(await visitor.verification.create());
  accepted(await visitor.verification.update(flow.id, { method: "code", email }));
  return { email, id, visitor };
};
const wants = async ({ visitor }: Someone, email: string): Promise<string> => {
  const { next } = accepted(await change(visitor, { method: "profile", traits: { email } }));
  return next?.[0]?.flow?.id ?? "";
};

/** An export without what is another in each: its lists by how many they have, its messages by what and to whom. */
const seen = (all: JsonObject, { email }: Someone, wanted: string): JsonObject => {
  const entries = Object.entries(all).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.length : typeof value,
  ]);
  const messages = all.messages as { readonly template: string; readonly recipient: string }[];
  const whose = (recipient: string) => (recipient === email ? "own" : recipient === wanted ? "wanted" : "other");
  return {
    ...Object.fromEntries(entries),
    messages: messages.map(({ template, recipient }) => `${template} to ${whose(recipient)}`),
  };
};

describe("where accounts are hidden", () => {
  it.each([operatorRest, operatorGrpc])(
    "an export looks alike for an address that somebody has and one that nobody has, through $name",
    async (protocol) => {
      const [owner, one, other, free] = [await newOne(), await newOne(), await newOne(), newEmail()];
      const flow = await wants(one, free);
      await wants(other, owner.email);
      const exportOf = async (of: Someone, wanted: string) => {
        const answer = await asOwner(protocol, server)(of.visitor, AccountService.method.exportAccount);
        return seen(done(answer).export as JsonObject, of, wanted);
      };
      expect(await messagesTo(server, free)).toHaveLength(1);
      const before = await exportOf(one, free);
      expect(before).toEqual(await exportOf(other, owner.email));
      expect(before.messages).toEqual(["verification_code_valid to own"]);
      const code = await lastCodeTo(server, free);
      accepted(await nativeRest.enter(server).verification.update(flow, { method: "code", code }));
      expect((await exportOf(one, free)).messages).toContain("verification_code_valid to wanted");
    },
  );

  it("so does the one that comes in parts, and the one that an operator gets for them", async () => {
    const [owner, one, other] = [await newOne(), await newOne(), await newOne()];
    await wants(one, newEmail());
    await wants(other, owner.email);
    const partsOf = async ({ visitor }: Someone) => {
      const { text } = await send(`${server.url}/account/export/stream`, {
        headers: { accept: "application/x-ndjson", "x-session-token": visitor.credentials.token },
      });
      return text
        .trim()
        .split("\n")
        .map((line) => Object.keys(JSON.parse(line) as object));
    };
    expect(await partsOf(one)).toEqual(await partsOf(other));
    const { exportIdentityAccount } = AccountAdminService.method;
    const countOf = async ({ id }: Someone) => {
      const answer = done(await operatorRest.call(server.adminUrl, exportIdentityAccount, { id }));
      return ((answer.export as JsonObject).messages as unknown[]).length;
    };
    expect(await countOf(one)).toBe(await countOf(other));
  });
});

it("where they are not hidden, every message is in it", async () => {
  await server.restart({ selfservice: { flows } });
  const one = await newOne();
  const free = newEmail();
  await wants(one, free);
  const answer = await asOwner(operatorRest, server)(one.visitor, AccountService.method.exportAccount);
  expect(JSON.stringify((done(answer).export as JsonObject).messages)).toContain(free);
});
