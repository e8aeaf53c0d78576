import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { answering, type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { lastCodeTo, messagesTo, wrongCode } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Other servers hear of recoveries and verifications. */

let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer();
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const hook = (config: Raw = {}) => ({
  hook: "web_hook",
  config: { url: `${receiver.url}/hook`, method: "POST", body: wholeContext, ...config },
});

describe.each(["recovery", "verification"] as const)("a web hook after a %s", (kind) => {
  beforeAll(() =>
    server.restart({
      selfservice: { flows: { [kind]: { enabled: true, after: { hooks: [hook()] } } } },
      feature_flags: { use_continue_with_transitions: true },
      limits: { messages: { per_network: 10_000 } },
    }),
  );

  it.each(protocols)(
    "through $name hears once of the flow and the person, when the code was right",
    async (protocol) => {
      const { person } = await enterAsNewPerson(nativeRest, server);
      await messagesTo(server, person.email);
      const visitor = protocol.enter(server);
      const { id } = accepted(await visitor[kind].create());
      accepted(await visitor[kind].update(id, { method: "code", email: person.email }));
      const code = await lastCodeTo(server, person.email);
      accepted(await visitor[kind].update(id, { method: "code", code: wrongCode(code) }));
      expect(receiver.received).toEqual([]);
      accepted(await visitor[kind].update(id, { method: "code", code }));
      const bodies = await receiver.until(1).then(() => receiver.bodies());
      expect(bodies).toHaveLength(1);
      expect(bodies[0]).toMatchObject({
        flow: { id, type: protocol.family === "browser" ? "browser" : "api" },
        identity: { id: person.id, traits: { email: person.email } },
      });
      expect(JSON.stringify(bodies[0])).not.toContain(code);
    },
  );
});

describe.each(["recovery", "verification"] as const)("a web hook after a %s that gives somebody traits", (kind) => {
  beforeAll(() =>
    server.restart({
      selfservice: { flows: { [kind]: { enabled: true, after: { hooks: [hook({ response: { parse: true } })] } } } },
      limits: { messages: { per_network: 10_000 } },
    }),
  );

  it.each(protocols)("through $name is refused by the form where they are another person's", async (protocol) => {
    const { person: other } = await enterAsNewPerson(nativeRest, server);
    const { person } = await enterAsNewPerson(nativeRest, server);
    await messagesTo(server, person.email);
    receiver.answer = answering(200, { identity: { traits: { email: other.email } } });
    const visitor = protocol.enter(server);
    const { id } = accepted(await visitor[kind].create());
    accepted(await visitor[kind].update(id, { method: "code", email: person.email }));
    const code = await lastCodeTo(server, person.email);
    const answer = refused(await visitor[kind].update(id, { method: "code", code }));
    expect(answer).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000007 }] });
    const rows = await server.sql("SELECT id FROM identities WHERE JSON_EXTRACT(traits, '$.email') = ?", [other.email]);
    expect(rows).toHaveLength(1);
  });
});
