import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { MergeService } from "../../../gen/ostiary/account/v1/merge_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { merge } from "../../../src/config/tree.ts";
import { minutes } from "../../protocols/clock.ts";
import { enrolCodes, enrolTotp, growOld, stepUp, stepUpByTotp } from "../../protocols/factors.ts";
import { nativeRest, spa } from "../../protocols/json-rest.ts";
import { addKey, addPasskey, newDevice, removePasskey, signInWithPasskey, useKey } from "../../protocols/keys.ts";
import { newAccount, offerTo, type ShownMerge, shownTo, withMerging } from "../../protocols/merging.ts";
import { messagesTo } from "../../protocols/messages.ts";
import { done, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { asOwner, ownerProtocols } from "../../protocols/owners.ts";
import { enterAs, enterAsNewPerson, signIn } from "../../protocols/person.ts";
import { accepted, refused, type Visitor } from "../../protocols/protocol.ts";
import { eventsOf, linksOf } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Somebody who has two accounts makes one of them. */

const rpc = MergeService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withMerging });
});
afterAll(() => server?.stop());

const oidc = (subject: string) => ({ oidc: { config: { providers: [{ provider: "github", subject }] } } });
const itemsOf = ({ items }: ShownMerge) =>
  items.map(({ kind, comes, reason }) => `${kind} ${comes ? "comes" : reason}`);

describe.each(ownerProtocols)("through $name", (protocol) => {
  const ask = (...given: Parameters<ReturnType<typeof asOwner>>) => asOwner(protocol, server)(...given);
  const begin = async (into: Visitor): Promise<string> => String(done(await ask(into, rpc.beginMerge)).code);
  const show = async (into: Visitor) => done(await ask(into, rpc.getMerge)).merge as unknown as ShownMerge;

  it("who is signed in to both makes one of them, which has what the other one had", async () => {
    const into = await newAccount(server);
    const from = await newAccount(server, { credentials: oidc(`s-${protocol.name}`) });
    const device = newDevice();
    accepted(await addPasskey(from.visitor, device));
    const secret = await enrolTotp(from.visitor, server);
    const [code = ""] = await enrolCodes(from.visitor);
    const offered = done(await ask(from.visitor, rpc.offerMerge, { code: ` ${await begin(into.visitor)}\n` }));
    const shown = await show(into.visitor);
    expect(itemsOf(shown)).toEqual([
      "password has_own",
      "oidc comes",
      "passkey comes",
      "totp comes",
      "lookup_secret comes",
      "address comes",
      "traits stays",
    ]);
    expect(shown).toMatchObject({ identity_id: from.id, refusals: [], expires_at: offered.expires_at });
    expect(done(await ask(into.visitor, rpc.confirmMerge, { etag: shown.etag })).merge).toEqual(shown);

    expect(refused(await from.visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    refused(await signIn(nativeRest.enter(server), from));
    expect(await linksOf(server, into.id)).toEqual([`github:s-${protocol.name}`]);
    const other = nativeRest.enter(server);
    accepted(await signInWithPasskey(other, device));
    accepted(await stepUpByTotp(other, server, secret));
    expect(accepted(await other.whoami()).identityId).toBe(into.id);
    accepted(await stepUp(other, { method: "lookup_secret", lookup_secret: code }, { refresh: "true" }));
    expect(await eventsOf(server, into.id)).toContain("account.merged done");
    expect(await eventsOf(server, from.id)).toEqual(["account.merged_away done", "identity.deleted done"]);
    for (const { email } of [into, from])
      expect((await messagesTo(server, email)).map(({ template }) => template)).toContain("account_merged");
    const { identity } = done(
      await operatorRest.call(server.adminUrl, IdentityAdminService.method.getIdentity, { id: into.id }),
    );
    expect(identity).toMatchObject({
      traits: { email: into.email, others: [from.email] },
      verifiable_addresses: [
        { value: into.email, verified: true },
        { value: from.email, verified: true, status: "completed" },
      ],
    });
  });

  it("what the account that stays has of its own goes on, and what is lost is named before", async () => {
    const [into, from] = [await newAccount(server), await newAccount(server, { traits: { nickname: newNick() } })];
    const secret = await enrolTotp(into.visitor, server);
    await enrolCodes(into.visitor);
    await enrolTotp(from.visitor, server);
    await enrolCodes(from.visitor);
    await offerTo(server, into.visitor, from.visitor);
    const shown = await show(into.visitor);
    expect(itemsOf(shown)).toEqual([
      "password has_own",
      "totp has_own",
      "lookup_secret has_own",
      "address comes",
      "identifier stays",
      "traits stays",
    ]);
    done(await ask(into.visitor, rpc.confirmMerge, { etag: shown.etag }));
    const again = await enterAs(nativeRest, server, into);
    accepted(await stepUpByTotp(again, server, secret));
  });

  it("a code is good once, for ten minutes, and for another account than its own", async () => {
    const [into, from, third] = [await newAccount(server), await newAccount(server), await newAccount(server)];
    const first = await begin(into.visitor);
    const code = await begin(into.visitor);
    const offer = async (visitor: Visitor, given: string) => ask(visitor, rpc.offerMerge, { code: given });
    expect(reasonOf(await offer(into.visitor, code))).toBe("INVALID_FIELD");
    expect(reasonOf(await ask(into.visitor, rpc.getMerge))).toBe("NOT_FOUND");
    done(await offer(from.visitor, code));
    const refusals = [
      await offer(third.visitor, first),
      await offer(third.visitor, code),
      await offer(third.visitor, "none"),
    ];
    const late = await begin(into.visitor);
    expect(reasonOf(await ask(into.visitor, rpc.getMerge))).toBe("NOT_FOUND");
    server.clock.advance(minutes(10));
    refusals.push(await offer(third.visitor, late));
    expect(new Set(refusals.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(refusals.map(reasonOf)[0]).toBe("NOT_FOUND");
  });

  it("only the session that began it sees and confirms, in time, and what it saw", async () => {
    const [into, from] = [await newAccount(server), await newAccount(server)];
    const other = await enterAs(nativeRest, server, into);
    await offerTo(server, into.visitor, from.visitor);
    const { etag } = await show(into.visitor);
    for (const visitor of [other, from.visitor]) {
      expect(reasonOf(await ask(visitor, rpc.getMerge))).toBe("NOT_FOUND");
      expect(reasonOf(await ask(visitor, rpc.confirmMerge, { etag }))).toBe("NOT_FOUND");
    }
    expect(reasonOf(await ask(into.visitor, rpc.confirmMerge, { etag: "another" }))).toBe("ETAG_MISMATCH");
    server.clock.advance(minutes(10));
    expect(reasonOf(await ask(into.visitor, rpc.confirmMerge, { etag }))).toBe("NOT_FOUND");
    accepted(await from.visitor.whoami());
  });

  it("a session that is old, lacks a second factor, or is none, takes part in no merge", async () => {
    const [into, from] = [await newAccount(server), await newAccount(server)];
    const code = await begin(into.visitor);
    await enrolTotp(from.visitor, server);
    const weak = await enterAs(nativeRest, server, from);
    const calls = [
      [rpc.beginMerge, {}],
      [rpc.offerMerge, { code }],
      [rpc.getMerge, {}],
      [rpc.confirmMerge, { etag: "any" }],
    ] as const;
    for (const [method, message] of calls) expect(reasonOf(await ask(weak, method, message))).toBe("AAL2_REQUIRED");
    growOld(server);
    for (const [method, message] of calls) {
      expect(reasonOf(await ask(into.visitor, method, message))).toBe("SESSION_REFRESH_REQUIRED");
      expect(reasonOf(await ask(undefined, method, message))).toBe("SESSION_INACTIVE");
    }
  });

  it("an account that is to be deleted is not merged, nor merged into", async () => {
    for (const isStaying of [true, false]) {
      const [into, from] = [await newAccount(server), await newAccount(server)];
      done(await ask((isStaying ? into : from).visitor, AccountService.method.requestDeletion));
      await offerTo(server, into.visitor, from.visitor);
      const { etag, refusals } = await show(into.visitor);
      expect(refusals).toEqual(["deletion_pending"]);
      expect(reasonOf(await ask(into.visitor, rpc.confirmMerge, { etag }))).toBe("MERGE_REFUSED");
      accepted(await from.visitor.whoami());
    }
  });

  it("the page of another site makes a browser do nothing of it", async () => {
    const [into, from] = [await newAccount(server, {}, spa), await newAccount(server, {}, spa)];
    const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    const code = await begin(into.visitor);
    const post = (
      visitor: Visitor,
      method: typeof rpc.offerMerge | typeof rpc.confirmMerge,
      message: { [name: string]: string },
    ) => protocol.call(server.url, method, message, { cookie: visitor.credentials.jar?.header, ...foreign });
    expect(reasonOf(await post(from.visitor, rpc.offerMerge, { code }))).toBe("UNTRUSTED_ORIGIN");
    done(await ask(from.visitor, rpc.offerMerge, { code }));
    const { etag } = await show(into.visitor);
    expect(reasonOf(await post(into.visitor, rpc.confirmMerge, { etag }))).toBe("UNTRUSTED_ORIGIN");
    done(await ask(into.visitor, rpc.confirmMerge, { etag }));
    accepted(await into.visitor.whoami());
  });
});

describe("keys of both accounts", () => {
  it("passkeys of both sign in to the one that is left, also once another was removed or added", async () => {
    const [into, from] = [await newAccount(server), await newAccount(server)];
    const [own, brought, added] = [newDevice(), newDevice(), newDevice()];
    accepted(await addPasskey(into.visitor, own));
    accepted(await addPasskey(from.visitor, brought));
    await offerTo(server, into.visitor, from.visitor);
    const { etag } = await shownTo(server, into.visitor);
    done(await asOwner(operatorRest, server)(into.visitor, rpc.confirmMerge, { etag }));
    const mustEnter = async (...devices: readonly (typeof own)[]) => {
      for (const device of devices) {
        const { session } = accepted(await signInWithPasskey(nativeRest.enter(server), device));
        expect(session?.identityId).toBe(into.id);
      }
    };
    await mustEnter(own, brought);
    accepted(await addPasskey(into.visitor, added));
    await mustEnter(own, brought, added);
    // The first one that is listed.
    accepted(await removePasskey(into.visitor));
    await mustEnter(brought, added);
    refused(await signInWithPasskey(nativeRest.enter(server), own));
  });

  it("security keys of the other one are second factors of the one that stays, beside its own", async () => {
    const [into, from] = [await newAccount(server, {}, spa), await newAccount(server, {}, spa)];
    const [own, brought] = [newDevice(), newDevice()];
    accepted(await addKey(into.visitor, own, "mine"));
    accepted(await addKey(from.visitor, brought, "theirs"));
    await offerTo(server, into.visitor, from.visitor);
    const { etag } = await shownTo(server, into.visitor);
    done(await asOwner(operatorRest, server)(into.visitor, rpc.confirmMerge, { etag }));
    for (const device of [own, brought]) {
      const browser = await enterAs(spa, server, into);
      accepted(await useKey(browser, device, { aal: "aal2" }));
      expect(accepted(await browser.whoami()).identityId).toBe(into.id);
    }
  });
});

describe("messages of merges", () => {
  beforeAll(() => server.restart(merge(withMerging, { limits: { messages: { per_identity: 1 } } })));

  it("a merge that would cause too many messages is refused, and nothing is merged", async () => {
    const [into, from] = [await newAccount(server), await newAccount(server)];
    await offerTo(server, into.visitor, from.visitor);
    const { etag } = await shownTo(server, into.visitor);
    const answer = await asOwner(operatorRest, server)(into.visitor, rpc.confirmMerge, { etag });
    expect(reasonOf(answer)).toBe("RATE_LIMITED");
    accepted(await from.visitor.whoami());
  });
});

describe("where it is not enabled", () => {
  beforeAll(() => server.restart());

  it.each(ownerProtocols)("nobody merges anything, through $name", async (protocol) => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    for (const [method, message] of [
      [rpc.beginMerge, {}],
      [rpc.offerMerge, { code: "any" }],
      [rpc.getMerge, {}],
      [rpc.confirmMerge, { etag: "any" }],
    ] as const)
      expect(reasonOf(await asOwner(protocol, server)(visitor, method, message))).toBe("FLOW_DISABLED");
  });
});

const newNick = (): string => `n${Math.trunc(Math.random() * 1e12)}`;
