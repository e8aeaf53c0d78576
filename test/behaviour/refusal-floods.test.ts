import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { minutes } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What strangers are refused is recorded for the owner of an account, but nobody fills their log with it. */

let server: TestServer;
beforeAll(async () => {
  const flow = (use: "code" | "link") => ({ enabled: true, use });
  server = await startServer({
    overrides: {
      selfservice: {
        flows: { recovery: flow("code"), verification: flow("link") },
        methods: { link: { enabled: true } },
      },
    },
  });
});
afterAll(() => server?.stop());

/** Refusals are not waited for by whoever is refused. */
const untilRecorded = (id: string, type: string, count: number) =>
  expect
    .poll(
      async () =>
        (await server.sql("SELECT 1 FROM security_events WHERE identity_id = ? AND type = ?", [idBytes(id), type]))
          .length,
    )
    .toBe(count);

describe.each(protocols)("through $name", (protocol) => {
  it("a code that is guessed on and on in one flow is recorded as used up once in a while", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const stranger = protocol.enter(server);
    const { id } = accepted(await stranger.recovery.create());
    accepted(await stranger.recovery.update(id, { method: "code", email: person.email }));
    const guess = async () => stranger.recovery.update(id, { method: "code", code: "123456" });
    for (let guesses = 0; guesses < 5; guesses++) accepted(await guess());
    for (let guesses = 0; guesses < 3; guesses++) refused(await guess());
    // Five were compared, and that there were more is said once.
    await untilRecorded(person.id, "recovery.refused", 6);
    server.clock.advance(minutes(10));
    refused(await guess());
    // A browser got another cookie with the flow that replaced it.
    await untilRecorded(person.id, "recovery.refused", protocol.family === "native" ? 7 : 6);
  });
});

it("links that are none are recorded so often and no more, though no limit counts them", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const stranger = nativeRest.enter(server);
  const { id } = accepted(await stranger.verification.create());
  accepted(await stranger.verification.update(id, { method: "link", email: person.email }));
  const follow = () => stranger.verification.update(id, { method: "link", token: "x".repeat(32) });
  for (let tries = 0; tries < 25; tries++) expect(refused(await follow()).reason).toBe("FLOW_REPLACED");
  await untilRecorded(person.id, "verification.refused", 20);
  server.clock.advance(minutes(10));
  refused(await follow());
  await untilRecorded(person.id, "verification.refused", 21);
});
