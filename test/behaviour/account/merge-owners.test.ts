import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MergeService } from "../../../gen/ostiary/account/v1/merge_service_pb.ts";
import { MergeRefusedSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { merge } from "../../../src/config/tree.ts";
import { hours, minutes } from "../../protocols/clock.ts";
import { send } from "../../protocols/http.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { type Account, newAccount, offerTo, shownTo, withMerging } from "../../protocols/merging.ts";
import { messagesTo } from "../../protocols/messages.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { asOwner } from "../../protocols/owners.ts";
import { change, enterAs, newEmail } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Nobody's account ends in another one while its owner could still get it back, or without a word to its owner. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: merge(withMerging, {
      session: { lifespan: "2000h" },
      limits: { messages: { per_address: 1 } },
      selfservice: {
        flows: {
          settings: {
            privileged_session_max_age: "2000h",
            addresses: { undo_lifespan: "2h" },
            after: { profile: { hooks: [{ hook: "notify_previous_addresses" }] } },
          },
        },
      },
    }),
  });
});
afterAll(() => server?.stop());

interface Refusal {
  readonly refusals: readonly string[];
  readonly status: number;
  readonly retryAfter: number | undefined;
}

/** A way to confirm a merge, with all that is said of one that is refused; undefined: it was done. */
interface Way {
  readonly name: string;
  confirm(into: Account, etag: string): Promise<Refusal | undefined>;
}

const overRest: Way = {
  name: "REST",
  confirm: async ({ visitor }, etag) => {
    const { headers, json, status } = await send(`${server.url}/account/merge/confirm`, {
      method: "POST",
      headers: {
        "x-session-token": visitor.credentials.token,
        accept: "application/json",
        "content-type": "application/json",
      },
      body: JSON.stringify({ etag }),
    });
    if (status === 200) return undefined;
    const { error } = json as { readonly error: { readonly details?: { readonly refusals?: readonly string[] } } };
    return { status, refusals: error.details?.refusals ?? [], retryAfter: secondsOf(headers["retry-after"]) };
  },
};

const overRpc = (name: string, open: () => Transport): Way => ({
  name,
  confirm: async ({ visitor }, etag) => {
    const headers = { "x-session-token": visitor.credentials.token ?? "" };
    const answer = createClient(MergeService, open()).confirmMerge({ etag }, { headers });
    const error = await answer.then(() => undefined, ConnectError.from);
    if (error === undefined) return undefined;
    const status = { [Code.PermissionDenied]: 403, [Code.ResourceExhausted]: 429 }[error.code as number] ?? 0;
    const [refused] = error.findDetails(MergeRefusedSchema);
    return {
      status,
      refusals: refused?.refusals ?? [],
      retryAfter: secondsOf(error.metadata.get("retry-after") ?? undefined),
    };
  },
});

const secondsOf = (header: string | readonly string[] | undefined): number | undefined =>
  header === undefined ? undefined : Number(header);

const at = () => ({ baseUrl: server.url, httpVersion: "1.1", nodeOptions: { agent: false } }) as const;
const ways: readonly Way[] = [
  overRest,
  overRpc("Connect", () => createConnectTransport(at())),
  overRpc("gRPC", () => createGrpcTransport({ baseUrl: server.url, sessionManager: server.http2 })),
  overRpc("gRPC-Web", () => createGrpcWebTransport(at())),
];

const isThere = async ({ id }: Account) =>
  (await server.sql("SELECT 1 FROM identities WHERE id = ?", [idBytes(id)])).length === 1;
const moveTo = async (account: Account, email: string): Promise<Account> => {
  accepted(await change(account.visitor, { method: "profile", traits: { email } }));
  return { ...account, email };
};
const mergesHeardBy = async ({ email }: Account) =>
  (await messagesTo(server, email)).filter(({ template }) => template === "account_merged").length;

describe.each(ways)("through $name", ({ confirm }) => {
  it.each(["stays", "ends"])(
    "an account is not merged while its address can be taken back: the one that %s",
    async (which) => {
      const [into, from] = [await newAccount(server), await newAccount(server)];
      const moved = await moveTo(which === "stays" ? into : from, newEmail());
      await offerTo(server, into.visitor, from.visitor);
      const { etag, refusals } = await shownTo(server, into.visitor);
      expect(refusals).toEqual(["address_change_pending"]);
      expect(await confirm(into, etag)).toMatchObject({ status: 403, refusals: ["address_change_pending"] });
      expect(await isThere(from)).toBe(true);
      server.clock.advance(hours(2) + minutes(1));
      await offerTo(server, into.visitor, from.visitor);
      const later = await shownTo(server, into.visitor);
      expect(later.refusals).toEqual([]);
      expect(await confirm(into, later.etag)).toBeUndefined();
      expect([await isThere(from), await mergesHeardBy(moved)]).toEqual([false, 1]);
    },
  );

  it.each(["stays", "ends"])("no account is merged without a message to its owner: the one that %s", async (which) => {
    const [told, first, second] = [await newAccount(server), await newAccount(server), await newAccount(server)];
    const mergeInto = async (into: Account, from: Account) => {
      await offerTo(server, into.visitor, from.visitor);
      return confirm(into, (await shownTo(server, into.visitor)).etag);
    };
    expect(await mergeInto(told, first)).toBeUndefined();
    const [into, from] = which === "stays" ? [told, second] : [second, told];
    const refused = await mergeInto(into, from);
    expect(refused).toMatchObject({ status: 429, refusals: [] });
    expect(refused?.retryAfter).toBeGreaterThan(0);
    expect(refused?.retryAfter).toBeLessThanOrEqual(3_600);
    expect([await isThere(into), await isThere(from), await mergesHeardBy(second)]).toEqual([true, true, 0]);
    server.clock.advance((refused?.retryAfter ?? 0) * 1_000);
    expect(await mergeInto(into, from)).toBeUndefined();
    // Those of an account that is gone went with it.
    const toldBefore = which === "stays" ? 1 : 0;
    expect(await Promise.all([told, second].map(mergesHeardBy))).toEqual([toldBefore + 1, 1]);
    expect(await isThere(from)).toBe(false);
  });
});

it("an account whose owner has the address back is merged at once, and later changes count on their own", async () => {
  const [into, from] = [await newAccount(server), await newAccount(server)];
  await moveTo(from, newEmail());
  const [notice] = (await messagesTo(server, from.email)).filter(({ url }) => url.includes("address-undo"));
  const token = new URL(notice?.url ?? "").searchParams.get("token") ?? "";
  accepted(await nativeRest.enter(server).undoAddress(token));
  const visitor = await enterAs(nativeRest, server, from);
  const refusalsNow = async () => {
    await offerTo(server, into.visitor, visitor);
    return (await shownTo(server, into.visitor)).refusals;
  };
  expect(await refusalsNow()).toEqual([]);
  await moveTo({ ...from, visitor }, newEmail());
  expect(await refusalsNow()).toEqual(["address_change_pending"]);
  server.clock.advance(hours(2) + minutes(1));
  expect(await refusalsNow()).toEqual([]);
});

it.each(["its owner", "an operator"])(
  "an account to which %s has given the address again is merged at once",
  async (who) => {
    const [into, from] = [await newAccount(server), await newAccount(server)];
    const moved = await moveTo(from, newEmail());
    const patch = [{ op: "replace", path: "/traits/email", value: from.email }];
    if (who === "its owner") await moveTo(moved, from.email);
    else
      done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.patchIdentity, { id: from.id, patch }));
    await offerTo(server, into.visitor, from.visitor);
    const { etag, refusals } = await shownTo(server, into.visitor);
    expect(refusals).toEqual([]);
    done(await asOwner(operatorRest, server)(into.visitor, MergeService.method.confirmMerge, { etag }));
  },
);
