import { randomUUID } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Account, createAccount } from "../../examples/react-native/src/account.ts";
import { linkProvider } from "../../examples/react-native/src/link-provider.ts";
import { createTokenStore } from "../../examples/react-native/src/token-store.ts";
import { createRestTransport, inputOf } from "../../packages/client/src/index.ts";
import { makeOnce, nameOf, root, run } from "../clients/toolchains.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import {
  comeBack,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* examples/react-native: its stores against a server, and the types of its screens. */

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server);
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

/** The secure storage of a phone. */
const createPhone = () => {
  const items = new Map<string, string>();
  let reads = 0;
  return {
    items,
    reads: () => reads,
    getItem: async (key: string) => {
      reads++;
      return items.get(key) ?? null;
    },
    setItem: async (key: string, value: string) => void items.set(key, value),
    removeItem: async (key: string) => void items.delete(key),
  };
};

const open = (
  phone = createPhone(),
): { readonly account: Account; readonly phone: ReturnType<typeof createPhone> } => ({
  phone,
  account: createAccount({
    transport: createRestTransport({ baseUrl: server.url, credentials: "omit" }),
    tokens: createTokenStore(phone),
  }),
});

const signUp = async (account: Account) => {
  const person = { email: newEmail(), password: newPassword() };
  await account.beginSignUp();
  await account.enter({ method: "password", "traits.email": person.email, password: person.password });
  expect(account.state()).toMatchObject({ session: "signed-in", failure: undefined });
  return person;
};

describe("the account of an app", () => {
  it("is signed up, kept over a restart, and signed out", async () => {
    const { account, phone } = open();
    await account.start();
    expect(account.state().session).toBe("none");
    await signUp(account);
    expect([...phone.items.values()]).toEqual([expect.stringMatching(/^ory_st_/)]);

    const { account: again } = open(phone);
    await again.start();
    expect(again.state().session).toBe("signed-in");
    await again.openSettings();
    await again.signOut();
    expect(again.state().session).toBe("none");
    expect(phone.items.size).toBe(0);
  });

  it("is signed out where its session is over already, and not where the server is not reached", async () => {
    const { account, phone } = open();
    await account.start();
    await signUp(account);
    const token = String([...phone.items.values()][0]);
    const unreached = createAccount({
      transport: createRestTransport({ baseUrl: "http://127.0.0.1:1", credentials: "omit" }),
      tokens: createTokenStore(phone),
    });
    await unreached.signOut();
    expect([unreached.state().failure?.reason, phone.items.size]).toEqual([expect.any(String), 1]);
    await fetch(`${server.url}/self-service/logout/api`, {
      method: "DELETE",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ session_token: token }),
    });
    await account.signOut();
    expect(account.state()).toMatchObject({ session: "none", failure: undefined });
    expect(phone.items.size).toBe(0);
  });

  it("has the storage asked for the token once", async () => {
    const { account, phone } = open();
    await account.start();
    await signUp(account);
    await account.openSettings();
    expect(phone.reads()).toBe(1);
  });

  it("shows what is wrong in the form, and saves what is right", async () => {
    const { account } = open();
    await signUp(account);
    await account.openSettings();
    await account.saveSettings({ method: "profile", "traits.email": "no address" });
    const { settings, failure } = account.state();
    expect(failure?.reason).toBe("form_rejected");
    expect(settings && inputOf(settings, "traits.email")?.messages.map(({ id }) => id)).toEqual([4000001]);
    await account.saveSettings({ method: "profile", "traits.email": newEmail(), "traits.name.first": "Ann" });
    expect(account.state()).toMatchObject({ failure: undefined, settings: { messages: [{ id: 1050001 }] } });
  });

  it("asks who it is when a change needs it, and makes the change then", async () => {
    const { account, phone } = open();
    const { password } = await signUp(account);
    server.clock.advance(20 * 60_000);
    await account.openSettings();
    const before = [...phone.items.values()];
    const saving = account.saveSettings({ method: "password", password: newPassword() });
    await expect.poll(() => account.state().challenge?.reason).toBe("session_refresh_required");
    await account.enter({ method: "password", password: "not that one" });
    expect(account.state()).toMatchObject({ failure: { reason: "form_rejected" }, challenge: expect.anything() });
    await account.enter({ method: "password", password });
    await saving;
    expect(account.state()).toMatchObject({ challenge: undefined, failure: undefined, entrance: undefined });
    expect(account.state().settings?.messages.map(({ id }) => id)).toEqual([1050001]);
    // A new sign-in renews the token.
    expect([...phone.items.values()]).not.toEqual(before);
  });

  it("does not make the change of whoever does not want to say", async () => {
    const { account } = open();
    await signUp(account);
    server.clock.advance(20 * 60_000);
    await account.openSettings();
    const saving = account.saveSettings({ method: "password", password: newPassword() });
    await expect.poll(() => account.state().challenge).toBeDefined();
    account.refuse();
    await saving;
    expect(account.state()).toMatchObject({ challenge: undefined, failure: { reason: "session_refresh_required" } });
  });

  it("is linked to a provider through the system browser", async () => {
    const { account } = open();
    await signUp(account);
    const options = { provider: "acme", returnTo: ui.welcome };
    const linked = await linkProvider(account.client, {
      ...options,
      browse: async (url) =>
        locationOf(await comeBack(await signInAt(providers.acme, url, { sub: randomUUID() }))).href,
    });
    expect(linked).toEqual({ ok: true });
    await account.openSettings();
    const buttons = account.state().settings?.nodes.flatMap((node) => (node.kind === "input" ? [node.name] : []));
    expect(buttons).toContain("unlink");
    const closed = await linkProvider(account.client, { ...options, browse: async () => undefined });
    expect(closed).toMatchObject({ ok: false });
  });
});

/** Of its packages, those whose types the screens are made of: the others are many, and bundle and start an app. */
const typed = ["@react-native/virtualized-lists", "@types/react", "csstype", "react-native"];

describe("the screens", () => {
  const example = path.join(root, "examples/react-native");
  const read = (name: string) => JSON.parse(readFileSync(path.join(example, name), "utf8")) as object;
  const lock = read("package-lock.json") as Lock;

  it("have packages that are installed as they are locked", { timeout: 240_000 }, async () => {
    const printed = await run("npm", ["ci", "--dry-run", "--ignore-scripts", "--legacy-peer-deps"], { cwd: example });
    expect(printed).toMatch(/^added \d+ packages/m);
  });

  it("are typed as React Native is", { timeout: 240_000 }, async () => {
    const dependencies = Object.fromEntries(typed.map((name) => [name, versionOf(lock, name)]));
    const folder = await makeOnce(nameOf("react-native", path.join(example, "package-lock.json")), async (into) => {
      const write = (name: string, content: object) => writeFileSync(path.join(into, name), JSON.stringify(content));
      write("package.json", { dependencies });
      const locked = typed.map((name) => [placeOf(name), { ...lock.packages[placeOf(name)], ...alone }]);
      write("package-lock.json", { ...lock, packages: { "": { dependencies }, ...Object.fromEntries(locked) } });
      await run("npm", ["ci", "--ignore-scripts", "--legacy-peer-deps"], { cwd: into });
    });
    rmSync(path.join(folder, "src"), { recursive: true, force: true });
    cpSync(path.join(example, "src"), path.join(folder, "src"), { recursive: true });
    const options = { ...read("tsconfig.json"), extends: path.join(root, "tsconfig.json") };
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(options));
    // A type whose package is missing would pass for any other.
    const resolved = await run("tsc", ["--noEmit", "--traceResolution", "-p", folder]);
    expect(resolved).toMatch(/'react-native' was successfully resolved/);
    expect(resolved.split("\n").filter((line) => line.includes("was not resolved"))).toEqual([]);
  });
});

/** A package without those that it would bring along. */
const alone = { dependencies: {}, peerDependencies: {}, optionalDependencies: {}, dev: false };

const placeOf = (name: string): string => `node_modules/${name}`;

const versionOf = ({ packages }: Lock, name: string): string => {
  const { version } = packages[placeOf(name)] ?? {};
  if (version === undefined) throw new Error(`the example has no ${name}`);
  return version;
};

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string } | undefined>>;
}
