import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { hours } from "../protocols/clock.ts";
import { failAt } from "../protocols/faults.ts";
import { type CallbackResult, send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, type Headers, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/*
 * A value that is found nowhere else is put into every field there is; then it
 * is looked for in everything the server says of itself: log, metrics, errors.
 */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const canaries: string[] = [];
/** A secret that is found nowhere else, with letters that nothing rewrites. */
const canary = (): string => {
  const made = `canary${randomBytes(9).toString("hex")}`;
  canaries.push(made);
  return made;
};

/** Every answer so far. */
const answers: CallbackResult[] = [];
const say = async (path: string, headers: Headers, body?: string, method = "POST"): Promise<CallbackResult> => {
  const answer = await send(`${server.url}${path}`, { method, headers, body });
  answers.push(answer);
  return answer;
};

const mustNotTell = async (): Promise<void> => {
  const metrics = (await send(`${server.adminUrl}/metrics/prometheus`)).text;
  const log = server.logged.join("");
  expect(log).toContain('"msg":"call"');
  for (const each of canaries) {
    expect(log).not.toContain(each);
    expect(metrics).not.toContain(each);
  }
};

describe("through every protocol", () => {
  it.each(protocols)("nothing that is typed into a form, right or wrong, is told by $name", async (protocol) => {
    const visitor = protocol.enter(server);
    const email = `${canary()}@example.com`;
    const password = `a ${canary()}`;
    const traits = { email, name: { first: canary(), last: canary() }, website: `https://${canary()}.example.com` };
    const sign = accepted(await visitor.registration.create()).id;
    await visitor.registration.update(sign, { method: "password", password: canary(), traits: { email: canary() } });
    accepted(await visitor.registration.update(sign, { method: "password", password, traits }));

    const flow = accepted(await visitor.settings.create({ return_to: `${ui.origin}/${canary()}` })).id;
    await visitor.settings.update(flow, { method: "password", password: canary(), csrf_token: canary() });
    await visitor.settings.update(flow, {
      method: "profile",
      traits: { email: canary(), website: canary(), age: canary() },
    });
    await visitor.settings.update(flow, { method: "profile", traits: { ...traits, [canary()]: canary() } });
    accepted(await visitor.settings.update(flow, { method: "password", password: `a ${canary()}` }));
    server.clock.advance(hours(1));
    const again = accepted(await visitor.settings.create()).id;
    await visitor.settings.update(again, { method: "password", password: `a ${canary()}` });
    await visitor.settings.get(canary());

    const login = protocol.enter(server);
    const form = accepted(await login.login.create()).id;
    await login.login.update(form, { method: "password", identifier: canary(), password: canary() });
    await login.login.update(form, { method: "password", identifier: email, password: canary() });
    await mustNotTell();
  });

  it.each(protocols)("what someone presents is not told by $name", async (protocol) => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const { token, jar } = visitor.credentials;
    for (const secret of [token, jar?.get("ory_kratos_session")]) if (secret !== undefined) canaries.push(secret);
    for (const name of jar?.names ?? []) canaries.push(jar?.get(name) ?? "");
    accepted(await visitor.whoami());
    accepted(await visitor.signOut());
    await visitor.whoami();
    await mustNotTell();
  });
});

describe("what cannot be read", () => {
  const rpc = "/ostiary.settings.v1.SettingsService/UpdateFlow";
  let visitor: Visitor;
  let flow: string;
  beforeAll(async () => {
    ({ visitor } = await enterAsNewPerson(nativeRest, server));
    flow = accepted(await visitor.settings.create()).id;
  });

  it("is not repeated in errors, nor in the log", async () => {
    const session = { "x-session-token": visitor.credentials.token };
    const json = { ...session, "content-type": "application/json" };
    const submit = `/self-service/settings?flow=${flow}`;
    for (const path of [submit, rpc]) {
      await say(path, json, `{"password": ${canary()}`);
      await say(path, json, `"${canary()}"`);
      await say(path, json, `{"method":"password","password":{"a":"${canary()}"}}`);
      await say(path, json, `{"flow":"${flow}","body":{"password":{"password":["${canary()}"]}}}`);
      await say(path, json, `{"flow":"${flow}","body":{"password":{"password":{"${canary()}":1}}}}`);
      await say(path, json, `{"method":"profile","traits":"${canary()}","transient_payload":"${canary()}"}`);
      await say(path, { ...session, "content-type": "text/plain" }, canary());
      await say(path, { ...session, "content-type": "application/proto" }, canary());
      await say(path, { ...session, "content-type": "multipart/form-data; boundary=x" }, canary());
    }
    for (const answer of answers) for (const each of canaries) expect(answer.text).not.toContain(each);
    await mustNotTell();
  });

  it("in a header or a query is not told either", async () => {
    const from = answers.length;
    for (const path of [
      "/sessions/whoami",
      "/self-service/settings/browser",
      "/self-service/settings/api",
      "/nowhere",
    ]) {
      await say(
        path,
        {
          cookie: `ory_kratos_session=${canary()}; other=${canary()}`,
          authorization: `Bearer ${canary()}`,
          accept: acceptHtml,
        },
        undefined,
        "GET",
      );
      await say(
        path,
        {
          "x-session-token": canary(),
          "if-match": `"${canary()}"`,
          origin: `https://${canary()}.example.com`,
          "user-agent": canary(),
        },
        undefined,
        "GET",
      );
      await say(`${path}?token=${canary()}&id=${canary()}&flow=${canary()}&password=${canary()}`, {}, undefined, "GET");
    }
    await say(
      "/self-service/logout/api",
      { "content-type": "application/json" },
      `{"session_token":"${canary()}"}`,
      "DELETE",
    );
    await say(
      `/self-service/logout?token=${canary()}`,
      { "x-session-token": visitor.credentials.token },
      undefined,
      "GET",
    );
    for (const answer of answers.slice(from)) for (const each of canaries) expect(answer.text).not.toContain(each);
    await mustNotTell();
  });
});

describe("a statement that fails inside the server", () => {
  it("is logged without its values, and told to nobody", async () => {
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    const repair = await failAt(server, { table: "identity_identifiers", event: "INSERT" });
    const body = JSON.stringify({
      method: "password",
      password: `a ${canary()}`,
      traits: { email: `${canary()}@example.com`, name: { first: canary() } },
    });
    const answer = await say(`/self-service/registration?flow=${flow}`, { "content-type": "application/json" }, body);
    await repair();
    expect(answer.status).toBe(500);
    expect(Object.keys((answer.json as { error: object }).error).sort()).toEqual(["code", "message", "status"]);
    expect(server.logged.join("")).toContain("failed inside the server");
    for (const each of canaries) expect(answer.text).not.toContain(each);
    await mustNotTell();
  });

  it("that says whose address is taken is not logged with the address", async () => {
    const email = `${canary()}@example.com`;
    await enterAsNewPerson(nativeRest, server, { email });
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    await visitor.registration.update(flow, { method: "password", password: `a ${canary()}`, traits: { email } });
    await visitor.registration.update(flow, {
      method: "password",
      password: `a ${canary()}`,
      traits: { email: newEmail() },
    });
    await mustNotTell();
  });
});
