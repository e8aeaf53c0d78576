import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MergeService } from "../../../gen/ostiary/account/v1/merge_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { type Account, newAccount, offerTo, shownTo, withMerging } from "../../protocols/merging.ts";
import { done, type OperatorAnswer, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { asOwner, ownerProtocols } from "../../protocols/owners.ts";
import { change, signIn } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Merges while something else happens to the same people. */

const { confirmMerge, offerMerge, beginMerge } = MergeService.method;
const { deleteIdentity, patchIdentity } = IdentityAdminService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withMerging });
});
afterAll(() => server?.stop());

const outcome = (answer: OperatorAnswer): string => (answer.ok ? "done" : reasonOf(answer));
const isThere = async ({ id }: Account) =>
  (await server.sql("SELECT 1 FROM identities WHERE id = ?", [idBytes(id)])).length === 1;
const disable = ({ id }: Account) =>
  operatorRest.call(server.adminUrl, patchIdentity, {
    id,
    patch: [{ op: "replace", path: "/state", value: "inactive" }],
  });

/** What happens meanwhile, and what is heard of it. */
const meanwhile: readonly (readonly [string, (from: Account, into: Account) => Promise<unknown>, string])[] = [
  [
    "the other account is changed",
    async ({ visitor, email }) =>
      accepted(await change(visitor, { method: "profile", traits: { email, name: { first: "Ann" } } })),
    "ETAG_MISMATCH",
  ],
  [
    "the account that stays is changed",
    async (_, { visitor, email }) =>
      accepted(await change(visitor, { method: "profile", traits: { email, name: { first: "Ann" } } })),
    "ETAG_MISMATCH",
  ],
  ["the other account is disabled", async (from) => done(await disable(from)), "NOT_FOUND"],
  ["the account that stays is disabled", async (_, into) => done(await disable(into)), "SESSION_INACTIVE"],
  [
    "the other account is deleted",
    async ({ id }) => done(await operatorRest.call(server.adminUrl, deleteIdentity, { id })),
    "NOT_FOUND",
  ],
  [
    "the session that offers it ends",
    async ({ id }) => server.sql("UPDATE sessions SET active = 0 WHERE identity_id = ?", [idBytes(id)]),
    "NOT_FOUND",
  ],
  [
    "the session that began it ends",
    async (_, { id }) => server.sql("UPDATE sessions SET active = 0 WHERE identity_id = ?", [idBytes(id)]),
    "SESSION_INACTIVE",
  ],
  [
    "another merge is begun",
    async (_, { visitor }) => done(await asOwner(operatorRest, server)(visitor, beginMerge)),
    "NOT_FOUND",
  ],
];

describe.each(ownerProtocols)("through $name", (protocol) => {
  const ask = (...given: Parameters<ReturnType<typeof asOwner>>) => asOwner(protocol, server)(...given);
  const offered = async () => {
    const [into, from] = [await newAccount(server), await newAccount(server)];
    await offerTo(server, into.visitor, from.visitor);
    return { into, from, etag: (await shownTo(server, into.visitor)).etag };
  };

  it.each(meanwhile)("nothing is merged if %s just before", async (_, happen, said) => {
    const { into, from, etag } = await offered();
    const held = server.gate.hold();
    const answer = ask(into.visitor, confirmMerge, { etag });
    await held.reached;
    await happen(from, into);
    held.release();
    expect(outcome(await answer)).toBe(said);
    expect(await isThere(into)).toBe(true);
  });

  it("whoever confirms twice at once has merged once", async () => {
    const { into, from, etag } = await offered();
    const answers = await Promise.all([1, 2, 3].map(() => ask(into.visitor, confirmMerge, { etag })));
    expect(answers.map(outcome).toSorted()).toEqual(["NOT_FOUND", "NOT_FOUND", "done"]);
    expect([await isThere(into), await isThere(from)]).toEqual([true, false]);
  });

  it("of two merges that would each erase the other account one is done", async () => {
    const [one, two] = [await newAccount(server), await newAccount(server)];
    await offerTo(server, one.visitor, two.visitor);
    await offerTo(server, two.visitor, one.visitor);
    const both = await Promise.all([one, two].map(({ visitor }) => shownTo(server, visitor)));
    const answers = await Promise.all(
      [one, two].map(({ visitor }, at) => ask(visitor, confirmMerge, { etag: both[at]?.etag ?? "" })),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    const left = [await isThere(one), await isThere(two)];
    expect(left.filter(Boolean)).toHaveLength(1);
    const [kept, gone] = left[0] ? [one, two] : [two, one];
    accepted(await signIn(nativeRest.enter(server), kept));
    refused(await signIn(nativeRest.enter(server), gone));
  });

  it("of two accounts that are offered with one code at once one is", async () => {
    const [into, one, two] = [await newAccount(server), await newAccount(server), await newAccount(server)];
    const { code } = done(await ask(into.visitor, beginMerge));
    const answers = await Promise.all(
      [one, two].map(({ visitor }) => ask(visitor, offerMerge, { code: String(code) })),
    );
    expect(answers.map(outcome).toSorted()).toEqual(["NOT_FOUND", "done"]);
  });
});
