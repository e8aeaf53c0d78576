import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createContinuations } from "../../src/continuation/continuation.ts";
import { createAead } from "../../src/lib/aead.ts";
import { hours, minutes } from "../protocols/clock.ts";
import { between } from "../protocols/gate.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newPassword } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer, testSecrets } from "../protocols/server.ts";

/* What is stored of a protected change that waits, for whom and how long, and what its owner is answered. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const aead = createAead({ algorithm: "aes", keys: testSecrets.cipher });

/** Someone with two sessions that are both too old for a protected change, at a form of the second. */
const withOldSession = async (protocol: Protocol) => {
  const { person, visitor: owner } = await enterAsNewPerson(protocol, server);
  const visitor = await enterAs(protocol, server, person);
  server.clock.advance(hours(1));
  const flow = accepted(await visitor.settings.create()).id;
  return { person, owner, visitor, session: accepted(await visitor.whoami()).id, flow };
};

interface Row {
  readonly home_id: Buffer;
  readonly kind: string;
  readonly step: string;
  readonly method: string;
  readonly session_id: Buffer;
  readonly identity_id: Buffer;
  readonly expires_at: Date;
}
const parkedOf = (flow: string) => server.sql<Row>("SELECT * FROM continuations WHERE flow_id = ?", [idBytes(flow)]);

describe("a change that waits", () => {
  it("is stored for its person, session, flow and method, and a later one takes its place", async () => {
    const { person, visitor, session, flow } = await withOldSession(nativeRest);
    const submissions = [
      { method: "password", password: newPassword() },
      { method: "profile", traits: { email: `new.${person.email}` } },
    ] as const;
    for (const submission of submissions) {
      expect(refused(await visitor.settings.update(flow, submission)).reason).toBe("SESSION_REFRESH_REQUIRED");
      expect(await parkedOf(flow)).toMatchObject([
        {
          home_id: idBytes(person.id),
          kind: "reauthentication",
          step: "proof",
          method: submission.method,
          session_id: idBytes(session),
          identity_id: idBytes(person.id),
          expires_at: new Date(server.clock.now().getTime() + minutes(15)),
        },
      ]);
    }
  });

  it("is what was submitted, without the anti-CSRF token of its form", async () => {
    const { person, visitor, session, flow } = await withOldSession(spa);
    const password = newPassword();
    refused(await visitor.settings.update(flow, { method: "password", password }));
    const continuations = createContinuations({ aead, clock: server.clock });
    const slot = { homeId: person.id, flowId: flow, kind: "reauthentication" } as const;
    const sql = { query: server.sql } as unknown as Parameters<typeof continuations.findOf>[0];
    const record = await continuations.findOf(sql, slot);
    const binding = { ...slot, step: "proof", method: "password", sessionId: session, identityId: person.id } as const;
    expect(record && continuations.open(record, binding)).toEqual({ password: { password } });
  });

  it("is not stored for a session that ended while it was submitted", async () => {
    const { owner, visitor, flow } = await withOldSession(nativeRest);
    const answer = await between(
      server.gate,
      () => visitor.settings.update(flow, { method: "password", password: newPassword() }),
      async () => accepted(await owner.revokeOthers()),
    );
    expect(refused(answer).reason).toBe("SESSION_INACTIVE");
    expect(await parkedOf(flow)).toEqual([]);
  });

  it("is not stored for a person who was disabled while it was submitted", async () => {
    const { person, visitor, flow } = await withOldSession(nativeRest);
    await between(
      server.gate,
      async () => refused(await visitor.settings.update(flow, { method: "password", password: newPassword() })),
      () => server.sql("UPDATE identities SET state = 'inactive' WHERE id = ?", [idBytes(person.id)]),
    );
    expect(await parkedOf(flow)).toEqual([]);
  });

  it("is announced in words for people, and by where a browser signs in to come back to it", async () => {
    const { visitor, flow } = await withOldSession(nativeRest);
    const answer = await send(`${server.url}/self-service/settings?flow=${flow}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-session-token": visitor.credentials.token },
      body: JSON.stringify({ method: "password", password: newPassword() }),
    });
    expect(answer.json).toMatchObject({
      error: { reason: expect.stringContaining("It is stored until you have signed in again, and then applied.") },
    });
    const { redirect_browser_to: to } = answer.json as { redirect_browser_to: string };
    expect(new URL(to).searchParams.get("return_to")).toBe(`${server.url}/self-service/settings?flow=${flow}`);
  });
});

it("where forms are over sooner than a quarter of an hour, it is over with them", async () => {
  await server.restart({ selfservice: { flows: { settings: { lifespan: "10m" } } } });
  const { visitor, flow } = await withOldSession(nativeRest);
  refused(await visitor.settings.update(flow, { method: "password", password: newPassword() }));
  expect(await parkedOf(flow)).toMatchObject([{ expires_at: new Date(server.clock.now().getTime() + minutes(10)) }]);
});
