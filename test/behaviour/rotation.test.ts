import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { hours } from "../protocols/clock.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newPassword, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A secret is changed without anybody noticing: the first writes, all read. */

const cookieSecrets = { old: "the first cookie secret", young: "the second cookie secret" };
const cipherSecrets = { old: "exactly thirty-two bytes of text", young: "another thirty-two bytes of text" };
const secrets = (keys: object) => ({ secrets: keys });

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

describe("secrets.cookie", () => {
  it("browsers stay signed in, and are out once the old secret is gone, unless they signed in since", async () => {
    const { visitor: early, person } = await enterAsNewPerson(spa, server);
    await server.restart(secrets({ cookie: [cookieSecrets.young, cookieSecrets.old] }));
    accepted(await early.whoami());
    const { visitor: late } = await enterAsNewPerson(spa, server);
    await server.restart(secrets({ cookie: [cookieSecrets.young] }));
    expect(refused(await early.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await late.whoami());
    early.credentials.jar?.delete("ory_kratos_session");
    accepted(await signIn(early, person));
  });

  it("a link for signing out that was made before works", async () => {
    await server.restart();
    const { visitor } = await enterAsNewPerson(spa, server);
    const cookie = visitor.credentials.jar?.header;
    const link = await send(`${server.url}/self-service/logout/browser`, {
      headers: { accept: "application/json", cookie },
    });
    await server.restart(secrets({ cookie: [cookieSecrets.young, cookieSecrets.old] }));
    expect((await send(String(link.json.logout_url), { headers: { accept: "application/json", cookie } })).status).toBe(
      204,
    );
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("native apps do not notice at all", async () => {
    await server.restart();
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    await server.restart(secrets({ cookie: [cookieSecrets.young] }));
    accepted(await visitor.whoami());
  });
});

describe("secrets.cipher", () => {
  const parked = async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    server.clock.advance(hours(1));
    const flow = accepted(await visitor.settings.create()).id;
    const password = newPassword();
    refused(await visitor.settings.update(flow, { method: "password", password }));
    return { visitor, person, flow, password };
  };

  it.each(["aes", "xchacha20-poly1305"])(
    "what waits, encrypted by %s, is found by the new server",
    async (algorithm) => {
      await server.restart({ ciphers: { algorithm } });
      const { visitor, person, flow, password } = await parked();
      await server.restart({
        ciphers: { algorithm },
        ...secrets({ cipher: [cipherSecrets.young, cipherSecrets.old] }),
      });
      accepted(await signIn(visitor, person, { refresh: "true" }));
      expect(accepted(await visitor.resume(flow)).flow?.state).toBe("success");
      accepted(await signIn(nativeRest.enter(server), { ...person, password }));
    },
  );

  it("what waits under a secret that is gone is lost, without harm", async () => {
    await server.restart();
    const { visitor, person, flow, password } = await parked();
    await server.restart(secrets({ cipher: [cipherSecrets.young] }));
    accepted(await signIn(visitor, person, { refresh: "true" }));
    expect(accepted(await visitor.resume(flow)).flow?.state).toBe("show_form");
    accepted(await visitor.settings.update(flow, { method: "password", password }));
  });

  it("recurring work goes on after the secret that encrypted it is gone", async () => {
    await server.restart();
    const purge = () =>
      server.sql("SELECT parked_at, last_error FROM jobs WHERE kind = 'purge' AND parked_at IS NOT NULL");
    await server.sql(
      "UPDATE jobs SET payload = 'nobody has the key of this', parked_at = UTC_TIMESTAMP(3) WHERE kind = 'purge'",
    );
    expect(await purge()).toHaveLength(1);
    await server.restart(secrets({ cipher: [cipherSecrets.young] }));
    expect(await purge()).toEqual([]);
    // It can be read too: it runs as soon as it is due, and is not parked again.
    await server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'purge'");
    await vi.waitFor(
      async () =>
        expect(
          await server.sql("SELECT id FROM jobs WHERE kind = 'purge' AND run_at > UTC_TIMESTAMP(3) AND attempts = 0"),
        ).toHaveLength(1),
      { timeout: 10_000 },
    );
    expect(await purge()).toEqual([]);
  });
});
