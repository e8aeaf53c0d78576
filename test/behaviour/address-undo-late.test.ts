import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { hours } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo } from "../protocols/messages.ts";
import { done, operatorRest } from "../protocols/operators.ts";
import { change, enterAsNewPerson, newEmail, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A link that undoes a change, in the hands of somebody whose address it no longer is. */

const { getIdentity } = IdentityAdminService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      // What becomes due is looked for that often.
      courier: { worker: { pull_wait: "50ms" } },
      selfservice: {
        notices: { address: true },
        flows: { settings: { privileged_session_max_age: "2000h" }, verification: { enabled: true } },
      },
      session: { lifespan: "2000h" },
    },
  });
});
afterAll(() => server?.stop());

const traitsOf = async ({ id }: Person) => {
  const { identity } = done(await operatorRest.call(server.adminUrl, getIdentity, { id }));
  return (identity as { traits: { email: string } }).traits;
};
const prove = async (email: string): Promise<void> => {
  const visitor = nativeRest.enter(server);
  const { id } = accepted(await visitor.verification.create());
  server.clock.advance(1_000);
  accepted(await visitor.verification.update(id, { method: "code", email }));
  const { code } = await lastMessageTo(server, email);
  const { flow } = accepted(await visitor.verification.update(id, { method: "code", code }));
  expect(flow?.state).toBe("passed_challenge");
};
const provenPerson = async () => {
  const entered = await enterAsNewPerson(nativeRest, server);
  await prove(entered.person.email);
  return entered;
};
const setEmail = async (visitor: Visitor, email: string) =>
  accepted(await change(visitor, { method: "profile", traits: { email } }));
/** The tokens that went to an address, oldest first. */
const tokensTo = async (email: string): Promise<readonly string[]> =>
  (await messagesTo(server, email)).flatMap(({ template, url }) =>
    template === "verifiable_address_changed" && url !== "" ? [new URL(url).searchParams.get("token") ?? ""] : [],
  );
const firstToken = async (email: string): Promise<string> => (await tokensTo(email))[0] ?? "";
/** The jobs that give addresses free do so as soon as their time has come. */
const isFree = async (email: string): Promise<void> => {
  await server.sql("UPDATE jobs SET run_at = created_at WHERE kind = 'release_addresses'");
  await expect
    .poll(() => server.sql("SELECT 1 FROM identity_addresses WHERE value = ?", [email]), { timeout: 10_000 })
    .toEqual([]);
};

describe.each(protocols)("through $name", (protocol) => {
  it("too late by a moment it undoes nothing, and is good until then", async () => {
    const people = [await provenPerson(), await provenPerson()] as const;
    const emails = [newEmail(), newEmail()] as const;
    const since = server.clock.now().getTime();
    for (const n of [0, 1] as const) await setEmail(people[n].visitor, emails[n]);
    const tokens = [await firstToken(people[0].person.email), await firstToken(people[1].person.email)] as const;
    const anybody = protocol.enter(server);
    server.clock.advance(since + hours(72) - 1 - server.clock.now().getTime());
    accepted(await anybody.undoAddress(tokens[0]));
    server.clock.advance(1);
    for (const answer of [await anybody.addressUndo(tokens[1]), await anybody.undoAddress(tokens[1])])
      expect(refused(answer).reason).toBe("NOT_FOUND");
    expect(await traitsOf(people[0].person)).toMatchObject({ email: people[0].person.email });
    expect(await traitsOf(people[1].person)).toMatchObject({ email: emails[1] });
  });
});

it("whose address has become somebody else's in the meantime takes it from nobody", async () => {
  const { person, visitor } = await provenPerson();
  const second = newEmail();
  await setEmail(visitor, second);
  const token = await firstToken(person.email);
  server.clock.advance(hours(72));
  await isFree(person.email);
  const { person: owner, visitor: owning } = await enterAsNewPerson(nativeRest, server, { email: person.email });
  await prove(owner.email);
  expect(refused(await visitor.undoAddress(token)).reason).toBe("NOT_FOUND");
  expect(await traitsOf(person)).toMatchObject({ email: second });
  expect(await traitsOf(owner)).toMatchObject({ email: person.email });
  for (const each of [visitor, owning]) accepted(await each.whoami());
  expect((await signIn(nativeRest.enter(server), owner)).ok).toBe(true);
});

it("the link of a first change is void for good once the owner has taken the address back", async () => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const old = await firstToken(person.email);
  await setEmail(visitor, person.email);
  const third = newEmail();
  await setEmail(visitor, third);
  expect(refused(await visitor.undoAddress(old)).reason).toBe("NOT_FOUND");
  expect(await traitsOf(person)).toMatchObject({ email: third });
  accepted(await visitor.whoami());
});

it("a link that was used undoes no second change, whoever made it", async () => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const used = await firstToken(person.email);
  accepted(await visitor.undoAddress(used));
  const back = nativeRest.enter(server);
  accepted(await signIn(back, person));
  const third = newEmail();
  await setEmail(back, third);
  expect(refused(await back.undoAddress(used)).reason).toBe("NOT_FOUND");
  expect(await traitsOf(person)).toMatchObject({ email: third });
  const fresh = (await tokensTo(person.email)).filter((token) => token !== used);
  expect(fresh).toHaveLength(1);
  accepted(await back.undoAddress(fresh[0] ?? ""));
  expect(await traitsOf(person)).toMatchObject({ email: person.email });
});

it("late, after a second change, the first link is over while the second is still good", async () => {
  const { person, visitor } = await provenPerson();
  const second = newEmail();
  await setEmail(visitor, second);
  server.clock.advance(hours(40));
  await prove(second);
  const third = newEmail();
  await setEmail(visitor, third);
  const [first, later] = [await firstToken(person.email), await firstToken(second)];
  server.clock.advance(hours(40));
  expect(refused(await visitor.undoAddress(first)).reason).toBe("NOT_FOUND");
  expect(await traitsOf(person)).toMatchObject({ email: third });
  accepted(await visitor.undoAddress(later));
  expect(await traitsOf(person)).toMatchObject({ email: second });
});
