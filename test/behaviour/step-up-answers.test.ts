import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { grpc } from "../protocols/connect.ts";
import { enrolTotp, stepUpByTotp, withFactors } from "../protocols/factors.ts";
import { change, enterAs, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A change of factors by a session without the second factor, where no page asks for one: it waits for that factor. */

let server: TestServer;
beforeAll(async () => {
  const lowest = { whoami: { required_aal: "aal1" } };
  const flows = { settings: { required_aal: "aal1" } };
  server = await startServer({ overrides: merge(withFactors, { session: lowest, selfservice: { flows } }) });
});
afterAll(() => server?.stop());

/** A person with an authenticator app, at a settings form of a session that began with the password alone. */
const withFirstFactorAlone = async (protocol: Protocol) => {
  const { person, visitor: first } = await enterAsNewPerson(protocol, server);
  const secret = await enrolTotp(first, server);
  const visitor = await enterAs(protocol, server, person);
  return { person, visitor, secret, flow: accepted(await visitor.settings.create()).id };
};
const removal = { method: "totp", totp_unlink: true } as const;

describe.each(protocols)("through $name", (protocol) => {
  it("it is refused for the level, comes back to the form that it was submitted in, and is then done", async () => {
    const { visitor, secret, flow } = await withFirstFactorAlone(protocol);
    const refusal = refused(await visitor.settings.update(flow, removal));
    expect(refusal.reason).toBe("AAL2_REQUIRED");
    const { pathname, searchParams } = new URL(refusal.stepUp?.redirectBrowserTo ?? refusal.location ?? "", server.url);
    if (pathname.startsWith("/self-service")) {
      expect([pathname, searchParams.get("aal")]).toEqual(["/self-service/login/browser", "aal2"]);
      expect(searchParams.get("return_to")).toBe(`${server.url}/self-service/settings?flow=${flow}`);
    }
    accepted(await stepUpByTotp(visitor, server, secret));
    accepted(await visitor.resume(flow));
    const { nodes } = accepted(await visitor.settings.get(flow));
    expect(nodes.map(({ name }) => name)).not.toContain("totp_unlink");
  });
});

it("through gRPC it is said how old the second factor may be, and which there are", async () => {
  const { visitor, flow } = await withFirstFactorAlone(grpc);
  const { stepUp } = refused(await visitor.settings.update(flow, removal));
  expect(stepUp).toMatchObject({ maxAge: 900, methods: ["totp"] });
});

it("a protected change of something else asks for a recent session instead", async () => {
  const { visitor } = await withFirstFactorAlone(grpc);
  const refusal = refused(await change(visitor, { method: "profile", traits: { email: newEmail() } }));
  expect(refusal.reason).toBe("SESSION_REFRESH_REQUIRED");
});
