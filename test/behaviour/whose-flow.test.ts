import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { enterAsNewPerson, newEmail, newPassword } from "../protocols/person.ts";
import { accepted, type FlowKind, refused, type Submission } from "../protocols/protocol.ts";
import { browserProtocols, protocols } from "../protocols/protocols.ts";
import { everythingWritten } from "../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* Whose a flow is, whether there is one, and until when. */

let server: TestServer;
beforeAll(async () => {
  const enabled = { enabled: true };
  server = await startServer({
    overrides: { selfservice: { flows: { verification: enabled, recovery: enabled } } },
  });
});
afterAll(() => server?.stop());

const kinds: readonly FlowKind[] = ["settings", "login", "registration", "verification", "recovery"];

/** A submit that would do something, were the flow a good one. */
const submission = (kind: FlowKind): Submission => {
  if (kind === "verification" || kind === "recovery") return { method: "code", email: newEmail() };
  if (kind === "login") return { method: "password", identifier: newEmail(), password: newPassword() };
  return {
    method: "password",
    password: newPassword(),
    ...(kind === "registration" && { traits: { email: newEmail() } }),
  };
};

/** What a form says in the place of one that has expired. */
const expiredTexts = {
  settings: 4050001,
  login: 4010001,
  registration: 4040001,
  recovery: 4060005,
  verification: 4070005,
};

/**
 * Whoever may create a flow of this kind: settings flows are for those who are signed in, the others for those who
 * are not.
 */
const someoneFor = async (kind: FlowKind, protocol: (typeof protocols)[number]) =>
  kind === "settings" ? (await enterAsNewPerson(protocol, server)).visitor : protocol.enter(server);

describe.each(protocols)("through $name", (protocol) => {
  it("another person's flow is neither shown nor changed", async () => {
    const { visitor: owner } = await enterAsNewPerson(protocol, server);
    const { visitor: stranger } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await owner.settings.create()).id;
    // Browsers know the token of their own forms only.
    const own = accepted(await stranger.settings.create());
    const token = String(own.nodes.find(({ name }) => name === "csrf_token")?.value ?? "");
    const before = await everythingWritten(server);
    expect(refused(await stranger.settings.get(flow)).reason).toBe("IDENTITY_MISMATCH");
    expect(
      refused(await stranger.settings.update(flow, { method: "password", password: newPassword(), csrf_token: token }))
        .reason,
    ).toBe("IDENTITY_MISMATCH");
    expect(refused(await stranger.resume(flow)).reason).toBe("IDENTITY_MISMATCH");
    expect(await everythingWritten(server)).toEqual(before);
    expect(accepted(await owner.settings.get(flow)).state).toBe("show_form");
  });

  it("of many who ask at the same moment each is answered as if alone", async () => {
    const visitors = await Promise.all(
      Array.from({ length: 6 }, async () => (await enterAsNewPerson(protocol, server)).visitor),
    );
    const flows = await Promise.all(visitors.map(async ({ settings }) => accepted(await settings.create()).id));
    const nobody = protocol.enter(server);
    const [own, next, unknown, signedOut] = await Promise.all([
      Promise.all(visitors.map(({ settings }, at) => settings.get(flows[at] ?? ""))),
      Promise.all(visitors.map(({ settings }, at) => settings.get(flows[(at + 1) % flows.length] ?? ""))),
      Promise.all(visitors.map(({ settings }) => settings.get(randomUUID()))),
      Promise.all(flows.map((flow) => nobody.settings.get(flow))),
    ]);
    expect(own.map((answer) => accepted(answer).id)).toEqual(flows);
    expect(next.map((answer) => refused(answer).reason)).toEqual(flows.map(() => "IDENTITY_MISMATCH"));
    expect(unknown.map((answer) => refused(answer).reason)).toEqual(flows.map(() => "FLOW_NOT_FOUND"));
    expect(signedOut.map((answer) => refused(answer).reason)).toEqual(flows.map(() => "SESSION_INACTIVE"));
  });

  it("without a session there are no settings", async () => {
    const nobody = protocol.enter(server);
    const flow = accepted(await (await enterAsNewPerson(protocol, server)).visitor.settings.create()).id;
    expect(refused(await nobody.settings.create()).reason).toBe("SESSION_INACTIVE");
    expect(refused(await nobody.settings.get(flow)).reason).toBe("SESSION_INACTIVE");
    expect(refused(await nobody.settings.update(flow, { method: "password", password: newPassword() })).reason).toBe(
      "SESSION_INACTIVE",
    );
    expect(refused(await nobody.resume(flow)).reason).toBe("SESSION_INACTIVE");
  });

  it.each(kinds)("an unknown %s flow is not found, and no id at all is a mistake", async (kind) => {
    const visitor = await someoneFor(kind, protocol);
    expect(refused(await visitor[kind].get(randomUUID())).reason).toBe("FLOW_NOT_FOUND");
    expect(refused(await visitor[kind].get("nonsense")).reason).toBe("FLOW_NOT_FOUND");
    expect(refused(await visitor[kind].update(randomUUID(), submission(kind))).reason).toBe("FLOW_NOT_FOUND");
    expect(refused(await visitor[kind].update("nonsense", submission(kind)))).toMatchObject({
      reason: "INVALID_FIELD",
      field: "flow",
    });
    expect(refused(await visitor[kind].update("", submission(kind)))).toMatchObject({
      reason: "INVALID_FIELD",
      field: "flow",
    });
  });

  it.each(kinds)("a flow of another kind is no %s flow", async (kind) => {
    const visitor = await someoneFor(kind, protocol);
    const other =
      kind === "settings"
        ? accepted(await protocol.enter(server).login.create())
        : accepted(await (await enterAsNewPerson(protocol, server)).visitor.settings.create());
    expect(refused(await visitor[kind].get(other.id)).reason).toBe("FLOW_NOT_FOUND");
    expect(refused(await visitor[kind].update(other.id, submission(kind))).reason).toBe("FLOW_NOT_FOUND");
  });

  it.each(kinds)("an expired %s flow does nothing, and names the one that takes its place", async (kind) => {
    const visitor = await someoneFor(kind, protocol);
    const old = accepted(await visitor[kind].create({ return_to: `${ui.origin}/after` }));
    server.clock.advance(hours(1));
    const before = await everythingWritten(server);
    expect(refused(await visitor[kind].get(old.id)).reason).toBe("FLOW_EXPIRED");
    const refusal = refused(await visitor[kind].update(old.id, submission(kind)));
    expect(refusal.reason).toBe("FLOW_EXPIRED");
    expect(await everythingWritten(server)).toEqual(before);

    const fresh = accepted(await visitor[kind].get(refusal.useFlowId ?? ""));
    expect(fresh).toMatchObject({ type: old.type, requestUrl: old.requestUrl, returnTo: `${ui.origin}/after` });
    expect(fresh.texts).toMatchObject([{ node: "", id: expiredTexts[kind] }]);
  });

  it("a flow is good until its last moment", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create()).id;
    server.clock.advance(hours(1) - 1);
    accepted(await visitor.settings.update(flow, { method: "profile", traits: { email: person.email } }));
    server.clock.advance(1);
    expect(refused(await visitor.settings.get(flow)).reason).toBe("FLOW_EXPIRED");
  });
});

describe.each(browserProtocols)("through $name", (protocol) => {
  it.each(["login", "registration"] as const)(
    "a %s flow is shown to the browser that began it and to no other",
    async (kind) => {
      const flow = accepted(await protocol.enter(server)[kind].create()).id;
      const other = protocol.enter(server);
      expect(refused(await other[kind].get(flow)).reason).toBe("CSRF_VIOLATION");
      accepted(await other[kind].create());
      expect(refused(await other[kind].get(flow)).reason).toBe("CSRF_VIOLATION");
    },
  );
});
