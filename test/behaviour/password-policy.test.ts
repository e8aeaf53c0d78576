import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BreachService, startBreachService } from "../protocols/breach-service.ts";
import { spa } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, hand, newEmail, newPassword } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { passwordHashOf } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

const policy = (config: object) => ({ selfservice: { methods: { password: { config } } } });

let server: TestServer;
let breaches: BreachService;
beforeAll(async () => {
  breaches = await startBreachService();
  server = await startServer({ overrides: policy({ identifier_similarity_check_enabled: false }) });
});
afterAll(async () => {
  await server?.stop();
  await breaches?.close();
});

const set = (visitor: Visitor, password: string) => change(visitor, { method: "password", password });

describe("several rules at once", () => {
  const people = new Map<string, { readonly visitor: Visitor; readonly password: string }>();
  beforeAll(async () => {
    for (const protocol of protocols) {
      const nickname = `ann${newPassword().slice(5, 12)}`;
      const { visitor } = await enterAsNewPerson(protocol, server, { nickname });
      accepted(await set(visitor, `${nickname}1`));
      people.set(protocol.name, { visitor, password: `${nickname}1` });
    }
    await server.restart(
      policy({ min_password_length: 14, haveibeenpwned_enabled: true, haveibeenpwned_host: breaches.url }),
    );
  });

  it.each(protocols)(
    "through $name, length, equality and similarity are reported together, in this order, without asking for breaches",
    async (protocol) => {
      const { visitor: before, password } = people.get(protocol.name) ?? {
        visitor: protocol.enter(server),
        password: "",
      };
      const visitor = protocol.enter(server);
      hand(before, visitor);
      const refusal = refused(await set(visitor, password));
      expect(refusal.texts.map(({ node, id }) => [node, id])).toEqual([
        ["password", 4000032],
        ["password", 4000039],
        ["password", 4000031],
      ]);
      expect(breaches.asked).toEqual([]);
    },
  );
});

describe("with a breach service that must answer", () => {
  beforeAll(() =>
    server.restart(
      policy({
        haveibeenpwned_enabled: true,
        haveibeenpwned_host: breaches.url,
        max_breaches: 2,
        ignore_network_errors: false,
      }),
    ),
  );

  it.each(protocols)(
    "through $name, a password found too often is refused, one found as often as is allowed is not",
    async (protocol) => {
      const { visitor, person } = await enterAsNewPerson(protocol, server);
      const [known, rare] = [newPassword(), newPassword()];
      breaches.know(known, 3);
      breaches.know(rare, 2);
      const before = await passwordHashOf(server, person.id);
      expect(refused(await set(visitor, known))).toMatchObject({
        reason: "FORM_REJECTED",
        texts: [{ node: "password", id: 4000005 }],
      });
      expect(await passwordHashOf(server, person.id)).toBe(before);
      accepted(await set(visitor, rare));
    },
  );

  it.each(protocols)("through $name, nothing is changed while the service is down", async (protocol) => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const before = await passwordHashOf(server, person.id);
    for (const failing of ["error", "nonsense"] as const) {
      breaches.failing = failing;
      expect(refused(await set(visitor, newPassword())).reason).toBe("UPSTREAM_FAILED");
    }
    breaches.failing = undefined;
    expect(await passwordHashOf(server, person.id)).toBe(before);
  });

  it("holds for people who sign up as well", async () => {
    const visitor = spa.enter(server);
    const known = newPassword();
    breaches.know(known, 9);
    const flow = accepted(await visitor.registration.create());
    const refusal = refused(
      await visitor.registration.update(flow.id, {
        method: "password",
        password: known,
        traits: { email: newEmail() },
      }),
    );
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "password", id: 4000005 }] });
  });

  it("five characters of a digest leave the server, and no more", () => {
    expect(breaches.asked.length).toBeGreaterThan(0);
    for (const path of breaches.asked) expect(path).toMatch(/^\/range\/[0-9A-F]{5}$/);
  });
});

describe("with a breach service that may be down", () => {
  beforeAll(() =>
    server.restart(
      policy({ haveibeenpwned_enabled: true, haveibeenpwned_host: breaches.url, ignore_network_errors: true }),
    ),
  );

  it.each(["error", "nonsense", "silence"] as const)(
    "a password is accepted when it answers with %s, and the log says so",
    async (failing) => {
      const { visitor } = await enterAsNewPerson(spa, server);
      breaches.failing = failing;
      accepted(await set(visitor, newPassword()));
      breaches.failing = undefined;
      expect(server.logged.at(-2) ?? "").toContain("the breach service could not be asked");
    },
  );
});
