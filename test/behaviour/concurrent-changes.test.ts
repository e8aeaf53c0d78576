import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newPassword, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { versionOf } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Several writers at once: nothing that was answered as saved is lost. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

/** The same person, once through every protocol, each with a settings flow of their own. */
const everywhere = async (traits = {}) => {
  const { person } = await enterAsNewPerson(nativeRest, server, traits);
  const writers = await Promise.all(
    protocols.map(
      async (protocol): Promise<{ readonly protocol: Protocol; readonly visitor: Visitor; readonly flow: string }> => {
        const visitor = await enterAs(protocol, server, person);
        return { protocol, visitor, flow: accepted(await visitor.settings.create()).id };
      },
    ),
  );
  return {
    person,
    writers,
    traitsNow: async () =>
      accepted(await (writers[0] ?? { visitor: nativeRest.enter(server) }).visitor.whoami()).traits,
  };
};

describe("eight writers through eight protocols", () => {
  it("count together without losing one, each saying which version it read", async () => {
    const { person, writers, traitsNow } = await everywhere({ age: 18 });
    const rounds = 4;
    const counts = async ({ visitor, flow }: (typeof writers)[number]) => {
      for (let done = 0; done < rounds; ) {
        // The version first: whoever reads it later than the rest would hide a change.
        const etag = await versionOf(server, person.id);
        const traits = accepted(await visitor.whoami()).traits;
        const answer = await visitor.settings.update(flow, {
          method: "profile",
          traits: { ...traits, age: Number(traits.age) + 1 },
          etag,
        });
        if (answer.ok) done += 1;
        else expect(answer.reason).toBe("ETAG_MISMATCH");
      }
    };
    await Promise.all(writers.map(counts));
    expect((await traitsNow()).age).toBe(18 + rounds * writers.length);
  });

  it("each change a field of their own at the same moment, and all that were saved are there", async () => {
    const fields = ["name.first", "name.last", "website", "nickname"] as const;
    const { person, writers, traitsNow } = await everywhere({ age: 18 });
    const values = {
      name: { first: "Ada", last: "Lovelace" },
      website: "https://ada.example.com",
      nickname: `ada${person.id.slice(-8)}`,
    };
    const answers = await Promise.all(
      writers
        .slice(0, fields.length)
        .map(({ visitor, flow }, n) =>
          visitor.settings.update(flow, { method: "profile", traits: values, update_mask: `traits.${fields[n]}` }),
        ),
    );
    const saved = await traitsNow();
    const at = (path: string): unknown =>
      path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], saved);
    for (const [n, answer] of answers.entries()) {
      const field = fields[n] ?? "";
      if (answer.ok)
        expect([field, at(field)]).toEqual([
          field,
          field.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], values),
        ]);
      else expect(answer.reason).toBe("ETAG_MISMATCH");
    }
    expect(answers.filter(({ ok }) => ok).length).toBeGreaterThan(1);
    expect(saved.age).toBe(18);
  });

  it("a password and a profile changed at the same moment are both changed", async () => {
    const { person, writers, traitsNow } = await everywhere();
    const [one, other] = writers;
    if (one === undefined || other === undefined) throw new Error("there are at least two protocols");
    const password = newPassword();
    const [a, b] = await Promise.all([
      one.visitor.settings.update(one.flow, { method: "password", password }),
      other.visitor.settings.update(other.flow, {
        method: "profile",
        traits: { email: person.email, website: "https://ada.example.com" },
      }),
    ]);
    accepted(a);
    accepted(b);
    expect(await traitsNow()).toMatchObject({ website: "https://ada.example.com" });
    accepted(await signIn(nativeRest.enter(server), { ...person, password }));
  });

  it("submits of one flow at the same moment leave one of them, whole", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const flow = accepted(await visitor.settings.create()).id;
    const names = ["Ada", "Grace", "Barbara"].map((first) => ({ first, last: `of ${first}` }));
    const answers = await Promise.all(
      names.map((name) => visitor.settings.update(flow, { method: "profile", traits: { email: person.email, name } })),
    );
    expect(answers.some(({ ok }) => ok)).toBe(true);
    expect(names).toContainEqual(accepted(await visitor.whoami()).traits.name);
  });
});

describe("over REST", () => {
  it("the version is an ETag, and If-Match asks for it", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const flow = accepted(await visitor.settings.create()).id;
    const headers = { "x-session-token": visitor.credentials.token };
    const read = await send(`${server.url}/self-service/settings/flows?id=${flow}`, { headers });
    const etag = String(read.headers.etag);
    expect(etag).toBe(`"${await versionOf(server, person.id)}"`);
    const submit = (match: string, first: string) =>
      send(`${server.url}/self-service/settings?flow=${flow}`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", "if-match": match },
        body: JSON.stringify({ method: "profile", "traits.email": person.email, "traits.name.first": first }),
      });
    const saved = await submit(etag, "Ada");
    expect([saved.status, saved.headers.etag]).toEqual([200, `"${await versionOf(server, person.id)}"`]);
    const late = await submit(etag, "Grace");
    expect(late.status).toBe(412);
    expect(late.json).toMatchObject({ error: { code: 412, details: { field: "etag" } } });
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ name: { first: "Ada" } });
    expect(
      refused(await visitor.settings.update(flow, { method: "password", password: newPassword(), etag: "0" })).reason,
    ).toBe("ETAG_MISMATCH");
  });
});
