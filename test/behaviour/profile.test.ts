import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accepted, refused } from "../doors/door.ts";
import { doors } from "../doors/doors.ts";
import { enterAsNewPerson } from "../doors/person.ts";
import { startServer, type TestServer } from "../doors/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

describe.each(doors)("through $name", (door) => {
  it("a person changes their profile, and the flow says so", async () => {
    const { visitor, person } = await enterAsNewPerson(door, server);
    const flow = accepted(await visitor.settings.create());
    expect(flow).toMatchObject({ state: "show_form", type: door.family === "native" ? "api" : "browser", traits: { email: person.email } });
    const done = accepted(await visitor.settings.update(flow.id, { method: "profile", traits: { email: person.email, name: { first: "Ada" } } }));
    expect(done.flow).toMatchObject({ id: flow.id, state: "success", traits: { email: person.email, name: { first: "Ada" } } });
    expect(done.flow?.texts).toMatchObject([{ node: "", id: 1050001 }]);
    expect(accepted(await visitor.whoami()).traits).toEqual({ email: person.email, name: { first: "Ada" } });
    expect(refused(await visitor.settings.update(flow.id, { method: "profile", traits: { email: "nonsense" } }))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "traits.email", id: 4000001 }],
    });
  });
});
