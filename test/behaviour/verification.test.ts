import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo, wrongCode } from "../protocols/messages.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* A person proves by a code that an address is theirs. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      selfservice: {
        flows: { verification: { enabled: true, after: { default_browser_return_url: "http://127.0.0.1:4455/done" } } },
        methods: { code: { config: { lifespan: "10m" } } },
      },
    },
  });
});
afterAll(() => server?.stop());

/** Asks for a code, and gives the flow and the code. */
const ask = async (visitor: Visitor, email: string, query: Readonly<Record<string, string>> = {}) => {
  const begun = accepted(await visitor.verification.create(query));
  server.clock.advance(seconds(1));
  const flow = accepted(await visitor.verification.update(begun.id, { method: "code", email })).flow;
  const { code } = await lastMessageTo(server, email);
  return { id: begun.id, flow, code };
};
const addressOf = async (id: string) => {
  const [row] = await server.sql<{ addresses: unknown }>("SELECT addresses FROM identities WHERE id = UNHEX(?)", [
    id.replaceAll("-", ""),
  ]);
  // The driver parses JSON on MySQL, and not on MariaDB.
  const kept = typeof row?.addresses === "string" ? (JSON.parse(row.addresses) as unknown) : row?.addresses;
  return (kept as { verifiable: { status: string; verified: boolean }[] }).verifiable[0];
};

describe.each(protocols)("through $name", (protocol) => {
  it("an address is verified by the code that was sent to it, once", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id, flow, code } = await ask(visitor, person.email);
    expect(flow?.state).toBe("sent_email");
    expect(flow?.texts.map((text) => text.id)).toEqual([1080003]);

    const wrong = accepted(await visitor.verification.update(id, { method: "code", code: wrongCode(code) })).flow;
    expect(wrong?.state).toBe("sent_email");
    expect(wrong?.texts.map((text) => text.id)).toEqual([4070006]);
    expect(await addressOf(person.id)).toMatchObject({ verified: false, status: "sent" });

    const right = accepted(await visitor.verification.update(id, { method: "code", code })).flow;
    expect(right?.state).toBe("passed_challenge");
    expect(right?.texts.map((text) => text.id)).toEqual([1080002]);
    expect(right?.nodes.at(-1)).toEqual({
      name: "continue",
      group: "code",
      type: "a",
      value: "http://127.0.0.1:4455/done",
    });
    expect(await addressOf(person.id)).toMatchObject({ verified: true, status: "completed" });

    const again = refused(await visitor.verification.update(id, { method: "code", code }));
    expect(again.reason).toBe("FLOW_REPLACED");
    const fresh = accepted(await visitor.verification.get(again.useFlowId ?? ""));
    expect(fresh.texts.map((text) => text.id)).toEqual([4070002]);
    expect(fresh.state).toBe("choose_method");
  });

  it("nobody is signed in by it", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id, code } = await ask(visitor, person.email);
    accepted(await visitor.verification.update(id, { method: "code", code }));
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("an address that nobody has is answered like any other, and gets nothing", async () => {
    const visitor = protocol.enter(server);
    const email = newEmail();
    const begun = accepted(await visitor.verification.create());
    const flow = accepted(await visitor.verification.update(begun.id, { method: "code", email })).flow;
    expect(flow?.state).toBe("sent_email");
    expect(flow?.texts.map((text) => text.id)).toEqual([1080003]);
    expect(await messagesTo(server, email)).toEqual([]);
    const tried = accepted(await visitor.verification.update(begun.id, { method: "code", code: "123456" })).flow;
    expect(tried?.texts.map((text) => text.id)).toEqual([4070006]);
  });

  it("what is no address, or nothing, is asked for again", async () => {
    const visitor = protocol.enter(server);
    const begun = accepted(await visitor.verification.create());
    const none = refused(await visitor.verification.update(begun.id, { method: "code" }));
    expect(none.texts).toMatchObject([{ node: "email", id: 4000002 }]);
    const bad = refused(await visitor.verification.update(begun.id, { method: "code", email: "x" }));
    expect(bad.texts).toMatchObject([{ node: "email", id: 4000040 }]);
    const unnamed = refused(await visitor.verification.update(begun.id, { email: newEmail() }));
    expect(unnamed.texts).toMatchObject([{ node: "", id: 4010006 }]);
    const off = refused(await visitor.verification.update(begun.id, { method: "link", email: newEmail() }));
    expect(off.reason).toBe("METHOD_DISABLED");
  });

  it("a form that was sent without a code asks for the address; one without a method keeps it", async () => {
    const visitor = protocol.enter(server);
    const email = newEmail();
    const { id } = accepted(await visitor.verification.create());
    const addressNode = async () =>
      accepted(await visitor.verification.get(id)).nodes.find(({ name }) => name === "email");
    accepted(await visitor.verification.update(id, { method: "code", email }));
    expect(refused(await visitor.verification.update(id, {})).texts).toMatchObject([{ node: "", id: 4010006 }]);
    expect(await addressNode()).toMatchObject({ type: "submit", value: email });
    const none = refused(await visitor.verification.update(id, { method: "code", code: "" }));
    expect(none.texts).toMatchObject([{ node: "email", id: 4000002 }]);
    expect(await addressNode()).toMatchObject({ type: "email" });
    accepted(await visitor.verification.update(id, { method: "code", code: "123456" }));
    expect(await addressNode()).toMatchObject({ type: "email" });
    accepted(await visitor.verification.update(id, { method: "code", email }));
    expect(await addressNode()).toMatchObject({ type: "submit", value: email });
  });

  it("another code takes the place of the first", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id, code: first } = await ask(visitor, person.email);
    server.clock.advance(seconds(1));
    accepted(await visitor.verification.update(id, { method: "code", email: person.email }));
    const { code } = await lastMessageTo(server, person.email);
    if (first !== code) {
      const tried = accepted(await visitor.verification.update(id, { method: "code", code: first })).flow;
      expect(tried?.state).toBe("sent_email");
    }
    const right = accepted(await visitor.verification.update(id, { method: "code", code })).flow;
    expect(right?.state).toBe("passed_challenge");
  });

  it("after five wrong codes the flow is replaced, and the right one comes too late", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id, code } = await ask(visitor, person.email);
    for (let n = 0; n < 5; n++)
      accepted(await visitor.verification.update(id, { method: "code", code: wrongCode(code) }));
    expect(refused(await visitor.verification.update(id, { method: "code", code: wrongCode(code) })).reason).toBe(
      "FLOW_REPLACED",
    );
    expect(refused(await visitor.verification.update(id, { method: "code", code })).reason).toBe("FLOW_REPLACED");
    expect(await addressOf(person.id)).toMatchObject({ verified: false });
  });

  it("a code is over after its lifespan, and a flow after its own", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const late = await ask(visitor, person.email);
    server.clock.advance(minutes(10));
    const tooLate = refused(await visitor.verification.update(late.id, { method: "code", code: late.code }));
    expect(tooLate.useFlowId).toBeDefined();
    const shown = accepted(await visitor.verification.get(tooLate.useFlowId ?? ""));
    expect(shown.texts.map((text) => text.id)).toEqual([4070005]);

    const begun = accepted(await visitor.verification.create());
    server.clock.advance(hours(1));
    expect(refused(await visitor.verification.get(begun.id)).reason).toBe("FLOW_EXPIRED");
    const submitted = refused(await visitor.verification.update(begun.id, { method: "code", email: person.email }));
    expect(submitted.reason).toBe("FLOW_EXPIRED");
    accepted(await visitor.verification.get(submitted.useFlowId ?? ""));
  });

  it("leads to return_to, where it is allowed", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const returnTo = `${ui.origin}/proven`;
    const { id, code } = await ask(visitor, person.email, { return_to: returnTo });
    const right = accepted(await visitor.verification.update(id, { method: "code", code })).flow;
    expect(right?.nodes.at(-1)?.value).toBe(returnTo);
    expect(refused(await visitor.verification.create({ return_to: "https://evil.example.org" })).reason).toBe(
      "RETURN_TO_FORBIDDEN",
    );
  });
});

describe("a code", () => {
  it("is worth nothing once its address has gone, or its person was disabled or deleted", async () => {
    for (const over of ["disabled", "deleted", "changed"] as const) {
      const { person } = await enterAsNewPerson(nativeRest, server);
      const visitor = nativeRest.enter(server);
      const { id, code } = await ask(visitor, person.email);
      const key = person.id.replaceAll("-", "");
      if (over === "disabled") await server.sql("UPDATE identities SET state = 'inactive' WHERE id = UNHEX(?)", [key]);
      if (over === "deleted") await server.sql("DELETE FROM identities WHERE id = UNHEX(?)", [key]);
      if (over === "changed")
        await server.sql(
          `UPDATE identities SET addresses = '{"verifiable":[],"recovery":[]}', version = version + 1 WHERE
            id = UNHEX(?)`,
          [key],
        );
      const tried = accepted(await visitor.verification.update(id, { method: "code", code })).flow;
      expect([over, tried?.texts.map((text) => text.id)]).toEqual([over, [4070006]]);
    }
  });
});
