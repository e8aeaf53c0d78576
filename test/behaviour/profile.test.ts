import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { change, enterAsNewPerson } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { everythingWritten, versionOf } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

describe.each(protocols)("through $name", (protocol) => {
  it("a person changes their profile, and flow and account both show it", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    expect(flow).toMatchObject({
      state: "show_form",
      type: protocol.family === "native" ? "api" : "browser",
      traits: { email: person.email },
    });
    expect(flow.action).toBe(`${server.url}/self-service/settings?flow=${flow.id}`);

    const traits = { email: person.email, name: { first: "Ada" } };
    const done = accepted(await visitor.settings.update(flow.id, { method: "profile", traits }));
    expect(done.flow).toMatchObject({ id: flow.id, state: "success", traits, texts: [{ node: "", id: 1050001 }] });
    expect(accepted(await visitor.settings.get(flow.id))).toMatchObject({
      state: "success",
      traits,
      texts: [{ node: "", id: 1050001 }],
    });
    expect(accepted(await visitor.whoami()).traits).toEqual(traits);
  });

  it("traits are replaced: what is not sent is removed", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server, {
      name: { first: "Ada", last: "Lovelace" },
      website: "https://ada.example.com",
    });
    accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: { last: "King" } } }));
    expect(accepted(await visitor.whoami()).traits).toEqual({ email: person.email, name: { last: "King" } });
  });

  it("numbers, yes and no, and lists arrive as what the schema says they are", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const traits = {
      email: person.email,
      name: { first: "Ada" },
      age: 36,
      newsletter: false,
      tags: ["first", "second"],
    };
    accepted(await change(visitor, { method: "profile", traits }));
    expect(accepted(await visitor.whoami()).traits).toEqual(traits);
  });

  it("the same form can be saved again and again, and an error after a success takes its state back", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    for (const first of ["Ada", "Grace"]) {
      const done = accepted(
        await visitor.settings.update(flow.id, { method: "profile", traits: { email: person.email, name: { first } } }),
      );
      expect(done.flow).toMatchObject({ id: flow.id, action: flow.action, state: "success" });
    }
    refused(
      await visitor.settings.update(flow.id, {
        method: "profile",
        traits: { email: person.email, name: { first: "X" } },
      }),
    );
    const again = accepted(await visitor.settings.get(flow.id));
    expect(again.state).toBe("show_form");
    expect(again.texts).toMatchObject([{ node: "traits.name.first", id: 4000003 }]);
  });

  it("everything that is wrong is told at its field, what was typed is kept, and nothing is written", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server, { name: { first: "Ada" } });
    const flow = accepted(await visitor.settings.create());
    const before = await everythingWritten(server);
    const traits = { email: "nowhere", website: "not a url", name: { first: "X", last: "Typed" } };
    const refusal = refused(await visitor.settings.update(flow.id, { method: "profile", traits }));

    const wrong = ["traits.email", "traits.name.first", "traits.website"];
    expect(refusal.reason).toBe("FORM_REJECTED");
    expect(refusal.texts.map(({ node }) => node).sort()).toEqual(wrong);
    const shown = accepted(await visitor.settings.get(flow.id));
    expect(shown.texts.map(({ node }) => node).sort()).toEqual(wrong);
    expect(shown.texts).toEqual(expect.arrayContaining([...refusal.texts]));
    expect(shownIn(shown, "traits.email")).toBe("nowhere");
    expect(shownIn(shown, "traits.website")).toBe("not a url");
    expect(shownIn(shown, "traits.name.first")).toBe("X");
    expect(shownIn(shown, "traits.name.last")).toBe("Typed");
    expect(await everythingWritten(server)).toEqual(before);
    expect(accepted(await visitor.whoami()).traits).toEqual({ email: person.email, name: { first: "Ada" } });
  });

  it("a required trait that is missing is told at its field", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const refusal = refused(await change(visitor, { method: "profile", traits: { name: { first: "Ada" } } }));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "traits.email", id: 4000002 }] });
  });

  it("a trait that the schema does not know is refused by its name", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const refusal = refused(
      await change(visitor, { method: "profile", traits: { email: person.email, shoe_size: "42" } }),
    );
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "traits.shoe_size", type: "error" }] });
  });

  it("a submit without a method is refused with words of its own", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    expect(refused(await change(visitor, {}))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "", id: 4010004 }],
    });
  });

  it("only the case of an address changes: no identifier does, so an old session may do it", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(2));
    const email = person.email.toUpperCase();
    accepted(await change(visitor, { method: "profile", traits: { email } }));
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ email });
  });

  it("an old session may change what identifies nobody, though the address is sent along", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(2));
    accepted(
      await change(visitor, { method: "profile", traits: { email: person.email, website: "https://ada.example.com" } }),
    );
  });

  it("an address that someone else has is refused for the form as a whole, and stays typed", async () => {
    const { person: owner } = await enterAsNewPerson(protocol, server);
    const { visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const before = await everythingWritten(server);
    const refusal = refused(
      await visitor.settings.update(flow.id, { method: "profile", traits: { email: owner.email } }),
    );
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000007 }] });
    expect(shownIn(accepted(await visitor.settings.get(flow.id)), "traits.email")).toBe(owner.email);
    expect(await everythingWritten(server)).toEqual(before);
  });

  it("the nodes of an open form show what was changed in another", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const [open, other] = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
    accepted(
      await visitor.settings.update(other.id, {
        method: "profile",
        traits: { email: person.email, nickname: `n-${person.id.slice(-12)}` },
      }),
    );
    expect(shownIn(accepted(await visitor.settings.get(open.id)), "traits.nickname")).toBe(`n-${person.id.slice(-12)}`);
  });

  it("with the version that was read a change goes through, with an older one it does not", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const etag = await versionOf(server, person.id);
    const submission = (first: string) => ({
      method: "profile",
      traits: { email: person.email, name: { first } },
      etag,
    });
    const done = accepted(await visitor.settings.update(flow.id, submission("Ada")));
    if (!protocol.isForm) expect(done.etag).toBe(String(Number(etag) + 1));
    expect(refused(await visitor.settings.update(flow.id, submission("Grace"))).reason).toBe("ETAG_MISMATCH");
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ name: { first: "Ada" } });
  });

  it("a field mask changes the paths it names and no others", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server, {
      name: { first: "Ada", last: "Lovelace" },
      website: "https://ada.example.com",
    });
    const traits = { name: { first: "Augusta", last: "King" } };
    accepted(await change(visitor, { method: "profile", traits, update_mask: "traits.name.first,traits.website" }));
    expect(accepted(await visitor.whoami()).traits).toEqual({
      email: person.email,
      name: { first: "Augusta", last: "Lovelace" },
    });
  });
});
