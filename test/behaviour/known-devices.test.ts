import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Strangers who guess lock nobody out of a live session, nor off a device where they signed in before. */

const limits = {
  limits: { login: { window: "15m", per_identifier: 4, per_network: 10_000, per_device: 3, per_session: 3 } },
};
const COOKIE = "ostiary_known_device";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: limits });
});
afterAll(() => server?.stop());

const wrong = "not the password at all";

/** A stranger guesses until nobody unknown may try any more. */
const guessAt = async (person: Person): Promise<void> => {
  for (let tries = 0; tries < 4; tries++)
    refused(await signIn(nativeRest.enter(server), { ...person, password: wrong }));
  expect(refused(await signIn(nativeRest.enter(server), person)).reason).toBe("RATE_LIMITED");
};

/** Leaves the device known and nobody signed in: browsers sign out, a native app's session runs out. */
const leave = async (protocol: Protocol, visitor: Visitor): Promise<void> => {
  if (protocol.family === "browser") accepted(await visitor.signOut());
  else server.clock.advance(hours(25));
};

const again = async (visitor: Visitor, person: Pick<Person, "email" | "password">) =>
  signIn(visitor, person, { refresh: "true" });

describe.each(protocols)("through $name, after a stranger's guesses", (protocol) => {
  it("whoever is signed in authenticates again at the first try, and changes the password", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = await enterAs(protocol, server, person);
    await guessAt(person);
    accepted(await again(visitor, person));
    accepted(await change(visitor, { method: "password", password: newPassword() }));
  });

  it("whoever signed in on this device before signs in again at the first try", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = await enterAs(protocol, server, person);
    await leave(protocol, visitor);
    await guessAt(person);
    accepted(await signIn(visitor, person));
  });

  it("a known device and a live session may guess no more than their own budgets allow", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = await enterAs(protocol, server, person);
    for (let tries = 0; tries < 3; tries++)
      expect(refused(await again(visitor, { ...person, password: wrong })).reason).toBe("FORM_REJECTED");
    expect(refused(await again(visitor, person)).reason).toBe("RATE_LIMITED");
    await leave(protocol, visitor);
    for (let tries = 0; tries < 3; tries++)
      expect(refused(await signIn(visitor, { ...person, password: wrong })).reason).toBe("FORM_REJECTED");
    expect(refused(await signIn(visitor, person)).reason).toBe("RATE_LIMITED");
    // What they failed at is nobody else's.
    accepted(await signIn(nativeRest.enter(server), person));
  });
});

describe("a device", () => {
  it("that is known for one person is a stranger's for another", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const { person: other } = await enterAsNewPerson(nativeRest, server);
    for (const protocol of [spa, nativeRest]) {
      const visitor = await enterAs(protocol, server, other);
      await leave(protocol, visitor);
      await guessAt(person);
      expect(refused(await signIn(visitor, person)).reason).toBe("RATE_LIMITED");
      server.clock.advance(hours(1));
    }
  });

  it("that two people share is known for both", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const { person: other } = await enterAsNewPerson(nativeRest, server);
    const visitor = spa.enter(server);
    for (const who of [person, other]) {
      accepted(await signIn(visitor, who));
      accepted(await visitor.signOut());
    }
    for (const who of [person, other]) {
      await guessAt(who);
      accepted(await signIn(visitor, who));
      accepted(await visitor.signOut());
    }
  });

  it("is not known by a cookie that was changed, or made up, or that is half a year old", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = await enterAs(spa, server, person);
    accepted(await visitor.signOut());
    const { jar } = visitor.credentials;
    const real = jar?.get(COOKIE) ?? "";
    await guessAt(person);
    for (const cookie of [
      `${real.slice(0, -2)}${real.endsWith("A") ? "BB" : "AA"}`,
      Buffer.from(`${person.id} device 9999999999`).toString("base64url"),
      "",
    ]) {
      jar?.set(COOKIE, cookie);
      expect(refused(await signIn(visitor, person)).reason).toBe("RATE_LIMITED");
    }
    jar?.set(COOKIE, real);
    server.clock.advance(hours(24 * 181));
    await guessAt(person);
    expect(refused(await signIn(visitor, person)).reason).toBe("RATE_LIMITED");
  });

  it("is not known by the token of a session that its owner ended", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const thief = await enterAs(nativeRest, server, person);
    const owner = await enterAs(nativeRest, server, person);
    accepted(await owner.revokeOthers());
    await guessAt(person);
    expect(refused(await signIn(thief, person)).reason).toBe("RATE_LIMITED");
  });
});

describe("the cookie of a known device", () => {
  const signInBy = async (person: Person) => {
    const visitor = await enterAs(spa, server, person);
    accepted(await visitor.signOut());
    const flow = accepted(await visitor.login.create());
    const { jar } = visitor.credentials;
    const csrf = flow.nodes.find(({ name }) => name === "csrf_token")?.value;
    return send(`${server.url}/self-service/login?flow=${flow.id}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", cookie: jar?.header },
      body: JSON.stringify({
        method: "password",
        identifier: person.email,
        password: person.password,
        csrf_token: csrf,
      }),
    });
  };

  it("is out of reach of scripts, lasts half a year, and tells nothing of the person", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const { setCookies } = await signInBy(person);
    const cookie = setCookies.find((line) => line.startsWith(`${COOKIE}=`)) ?? "";
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; Max-Age=15552000;/);
    expect(cookie).toMatch(/; SameSite=Lax/);
    const value = cookie.slice(COOKIE.length + 1).split(";")[0] ?? "";
    for (const text of [value, Buffer.from(value, "base64url").toString("latin1")]) {
      expect(text).not.toContain(person.id);
      expect(text).not.toContain(person.email);
    }
  });

  it("is not given to native apps", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const flow = await send(`${server.url}/self-service/login/api`);
    const { status, setCookies } = await send(`${server.url}/self-service/login?flow=${String(flow.json.id)}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ method: "password", identifier: person.email, password: person.password }),
    });
    expect(status).toBe(200);
    expect(setCookies).toEqual([]);
  });
});
