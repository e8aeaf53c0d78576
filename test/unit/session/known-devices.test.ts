import { describe, expect, it } from "vitest";
import type { IdentityRecord } from "../../../src/identity/identity.ts";
import type { Call, CookieInstruction } from "../../../src/lib/call.ts";
import { createKeyring } from "../../../src/lib/keyring.ts";
import { createKnownDevices } from "../../../src/session/known-devices.ts";
import type { SessionRecord } from "../../../src/session/session.ts";
import type { SessionStore } from "../../../src/session/store.ts";
import { tokenDigest } from "../../../src/session/tokens.ts";
import { createSteerableClock, hours } from "../../protocols/clock.ts";

/* By what a device is recognised on which a person signed in before. */

const clock = createSteerableClock();
const seal = createKeyring(["a secret of sixteen"]).seal("known devices");
const settings = { path: "/", domain: undefined, sameSite: "lax", secure: true } as const;
const cookieName = "__Host-ostiary_known_device";
const halfYear = 15_552_000;

/** The sessions that there are, by their tokens. */
const sessions: Record<string, { readonly id: string; readonly active: boolean; readonly identityId: string }> = {
  live: { id: "session of ann", active: true, identityId: "ann" },
  ended: { id: "ended session of ann", active: false, identityId: "ann" },
};
const findByToken: SessionStore["findByToken"] = async (digest) => {
  const [, found] = Object.entries(sessions).find(([token]) => tokenDigest(token).equals(digest)) ?? [];
  return (
    found && {
      session: { id: found.id, active: found.active } as SessionRecord,
      identity: { id: found.identityId } as IdentityRecord,
    }
  );
};
const devices = createKnownDevices({
  settings,
  seal,
  store: { findByToken },
  tokenOf: ({ headers }) => String(headers["x-session-token"] ?? "") || undefined,
  clock,
});

/** A request of a browser with cookies, or of an app with a token; `set` has the cookies of the answer. */
const request = (headers: Readonly<Record<string, string>> = {}) => {
  const set: CookieInstruction[] = [];
  const call = { headers, reply: { headers: new Map<string, string>(), cookies: set } } as unknown as Call;
  return { call, set };
};
const bringing = (...cookies: readonly (CookieInstruction | undefined)[]) =>
  request({ cookie: cookies.map((cookie) => `${cookie?.name}=${cookie?.value}`).join("; ") });

/** Signs people in, one after the other, in one browser; gives its cookie. */
const browserOf = (...people: readonly string[]): CookieInstruction | undefined =>
  people.reduce<CookieInstruction | undefined>((cookie, person) => {
    const { call, set } = cookie === undefined ? request() : bringing(cookie);
    devices.remember(call, person);
    return set.at(-1);
  }, undefined);

describe("a browser", () => {
  it("gets one cookie for half a year, out of reach of scripts, that says nothing to who reads it", () => {
    const { call, set } = request();
    set.push({ name: "other", value: "x", ...settings, httpOnly: true });
    for (const person of ["ann", "bob"]) devices.remember(call, person);
    expect(set.map(({ name }) => name)).toEqual(["other", cookieName]);
    expect(set[1]).toEqual({
      name: cookieName,
      value: expect.stringMatching(/^[\w-]+$/),
      ...settings,
      httpOnly: true,
      maxAge: halfYear,
      expires: new Date(clock.now().getTime() + halfYear * 1000),
    });
    expect(Buffer.from(set[1]?.value ?? "", "base64url").toString()).not.toMatch(/ann|bob/);
  });

  it("is known for the people who signed in there, for each by a name of its own that stays", async () => {
    const cookie = browserOf("ann", "bob", "ann");
    const { call } = bringing(cookie);
    const [ann, bob] = [await devices.find(call, "ann"), await devices.find(call, "bob")];
    expect(ann).toMatch(/^[\w-]{16}$/);
    expect(bob).toMatch(/^[\w-]{16}$/);
    expect(ann).not.toBe(bob);
    expect(await devices.find(call, "eve")).toBeUndefined();
    expect(devices.nameOf(call)).toBe(ann);
    const { call: later, set } = bringing(cookie);
    devices.remember(later, "bob");
    expect(await devices.find(bringing(set[0]).call, "bob")).toBe(bob);
    expect(devices.nameOf(bringing(set[0]).call)).toBe(bob);
    expect(await devices.find(bringing(browserOf("ann")).call, "ann")).not.toBe(ann);
  });

  it("is known for the five people who signed in last", async () => {
    const { call } = bringing(browserOf("one", "two", "three", "four", "five", "six"));
    const found = await Promise.all(["one", "two", "six"].map((person) => devices.find(call, person)));
    expect(found.map((device) => device !== undefined)).toEqual([false, true, true]);
    const again = bringing(browserOf("one", "two", "three", "four", "five", "one", "one"));
    expect(await devices.find(again.call, "two")).toBeDefined();
  });

  it("gets one cookie however many sign in with one call", () => {
    const { call, set } = request();
    for (const person of ["ann", "bob"]) devices.remember(call, person);
    expect(set).toHaveLength(1);
  });

  it("is a stranger's half a year after the last sign-in", async () => {
    // Times are stored in whole seconds.
    clock.advance(1_000 - (clock.now().getTime() % 1_000));
    const cookie = browserOf("ann");
    clock.advance(halfYear * 1000 - hours(1));
    expect(await devices.find(bringing(cookie).call, "ann")).toBeDefined();
    clock.advance(hours(1));
    expect(await devices.find(bringing(cookie).call, "ann")).toBeUndefined();
    expect(devices.nameOf(bringing(cookie).call)).toBeUndefined();
  });

  it("shows nothing by a cookie that was altered or forged, and shows it by the right one beside it", async () => {
    const cookie = browserOf("ann");
    const forged = { ...cookie, name: cookieName, value: `${cookie?.value.slice(0, -4)}AAAA` } as CookieInstruction;
    const plain = { ...forged, value: "ann device 9999999999" };
    expect(await devices.find(bringing(forged, plain).call, "ann")).toBeUndefined();
    expect(await devices.find(bringing(forged, cookie).call, "ann")).toBeDefined();
    expect(await devices.find(request().call, "ann")).toBeUndefined();
    expect(devices.nameOf(request().call)).toBeUndefined();
  });
});

describe("an app", () => {
  it("is known by the token of a session that nobody ended, for its owner alone", async () => {
    const sending = (token: string) => request({ "x-session-token": token }).call;
    expect(await devices.find(sending("live"), "ann")).toBe("session of ann");
    expect(await devices.find(sending("live"), "bob")).toBeUndefined();
    expect(await devices.find(sending("ended"), "ann")).toBeUndefined();
    expect(await devices.find(sending("unknown"), "ann")).toBeUndefined();
  });

  it("shows what it may be known by, whoever it is", () => {
    expect(devices.showsAny(request({ "x-session-token": "unknown" }).call)).toBe(true);
    expect(devices.showsAny(bringing(browserOf("ann")).call)).toBe(true);
    expect(devices.showsAny(request({ cookie: "other=1" }).call)).toBe(false);
  });

  it("is known by the cookie of a browser before a token", async () => {
    const { call } = bringing(browserOf("ann"));
    const both = { ...call, headers: { ...call.headers, "x-session-token": "live" } };
    expect(await devices.find(both, "ann")).toBe(devices.nameOf(call));
  });
});
