import { describe, expect, it } from "vitest";
import { StepUpRequiredSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { ServiceError } from "../../../src/errors/service-error.ts";
import type { IdentityRecord } from "../../../src/identity/identity.ts";
import {
  type Aal,
  answersAal,
  createAalRules,
  isAnotherChannel,
  type RequiredAal,
  sessionAal,
} from "../../../src/session/aal.ts";
import type { AuthenticationMethodRecord, SignedIn } from "../../../src/session/session.ts";

const entry = (method: string, aal: "aal1" | "aal2", provider?: string): AuthenticationMethodRecord => ({
  method,
  aal,
  completed_at: "2026-05-01T12:00:00.000Z",
  ...(provider !== undefined && { provider }),
});
const password = entry("password", "aal1");
const totp = entry("totp", "aal2");

/** Someone who has everything that the entries name. */
const everything = (methods: readonly AuthenticationMethodRecord[]) =>
  Object.fromEntries(methods.map(({ method }) => [method, { identifiers: [], set: true, facts: {} }]));

const callerWith = (credentials: IdentityRecord["credentials"], ...methods: readonly AuthenticationMethodRecord[]) =>
  ({
    session: { methods, authenticatedAt: new Date("2026-05-01T12:00:00.000Z") },
    identity: { credentials },
  }) as unknown as SignedIn;
const caller = (...methods: readonly AuthenticationMethodRecord[]) => callerWith(everything(methods), ...methods);

describe("the level of a session", () => {
  it.each<[string, Aal, readonly AuthenticationMethodRecord[]]>([
    ["nothing", 0, []],
    ["a first factor", 1, [password]],
    ["the same first factor again", 1, [password, password]],
    ["two first factors", 1, [password, entry("oidc", "aal1", "acme")]],
    ["a second factor alone", 1, [totp]],
    ["two second factors", 1, [totp, entry("lookup_secret", "aal2")]],
    ["a first and a second factor", 2, [password, totp]],
    ["both, the second first", 2, [totp, password]],
    ["a key as first and another method as second factor", 2, [entry("webauthn", "aal1"), totp]],
    ["a provider that vouches for one factor", 1, [entry("oidc", "aal1", "acme")]],
    ["a provider that vouches for both", 2, [entry("oidc", "aal2", "acme")]],
    ["a recovery code by mail and a code by mail", 1, [entry("code_recovery", "aal1"), entry("code", "aal2")]],
    ["a recovery link by mail and a code by mail", 1, [entry("link_recovery", "aal1"), entry("code", "aal2")]],
    ["a code by mail, twice", 1, [entry("code", "aal1"), entry("code", "aal2")]],
    ["a password and a code by mail", 2, [password, entry("code", "aal2")]],
    ["one key as both factors", 1, [entry("webauthn", "aal1"), entry("webauthn", "aal2")]],
  ])("of %s is %i", (_, level, methods) => {
    expect(sessionAal(caller(...methods))).toBe(level);
  });
});

/** Something that came by a message. */
const message = (method: string, aal: "aal1" | "aal2", via?: "email" | "sms"): AuthenticationMethodRecord => ({
  ...entry(method, aal),
  ...(via !== undefined && { via }),
});

describe("two messages", () => {
  const first = ["code", "link", "code_recovery", "link_recovery"];

  it.each(first)("are two factors where one came by mail and one as text, the first being a %s", (method) => {
    const level = (one: "email" | "sms" | undefined, two: "email" | "sms" | undefined) =>
      sessionAal(caller(message(method, "aal1", one), message("code", "aal2", two)));
    expect([level("email", "sms"), level("sms", "email")]).toEqual([2, 2]);
    expect([level("email", "email"), level("sms", "sms")]).toEqual([1, 1]);
    // Of what came before it was written down, nobody knows.
    expect([level(undefined, "sms"), level("email", undefined), level(undefined, undefined)]).toEqual([1, 1, 1]);
  });

  it("a code is offered by the other channel than the first factor's alone", () => {
    const offered = (...methods: readonly AuthenticationMethodRecord[]) =>
      (["email", "sms"] as const).map((via) => isAnotherChannel({ methods }, via));
    expect(offered(password)).toEqual([true, true]);
    expect(offered(message("code_recovery", "aal1", "email"))).toEqual([false, true]);
    expect(offered(message("code", "aal1", "sms"))).toEqual([true, false]);
    expect(offered(message("link", "aal1"))).toEqual([false, false]);
    expect(offered(totp)).toEqual([false, false]);
    expect(offered(totp, password)).toEqual([true, true]);
    expect(offered()).toEqual([false, false]);
  });
});

describe("the level of a session drops", () => {
  const has = (method: string, set: boolean, facts = {}) => ({ [method]: { identifiers: [], set, facts } });

  it.each<[string, Aal, IdentityRecord["credentials"], AuthenticationMethodRecord]>([
    ["with the factor that is removed", 1, {}, totp],
    ["with the factor of which only the identifiers are left", 1, has("webauthn", false), entry("webauthn", "aal2")],
    ["not while the factor is there", 2, has("totp", true), totp],
    ["with a factor that was set up anew since", 1, has("totp", true, { since: "2026-05-01T12:00:00.001Z" }), totp],
    ["not with one that was set up at that moment", 2, has("totp", true, { since: "2026-05-01T12:00:00.000Z" }), totp],
    ["not with what arrives by message", 2, {}, entry("code", "aal2")],
    ["not with a provider that vouches for both", 2, {}, entry("oidc", "aal2", "acme")],
  ])("%s: %i", (_, level, credentials, second) => {
    expect(sessionAal(callerWith(credentials, password, second))).toBe(level);
  });
});

/** Rules for someone with these second factors, who must have one by some time, or need not. */
const rules = (secondFactors: readonly string[], due?: string) =>
  createAalRules({
    secondFactors: () => secondFactors,
    secondFactorDue: () => (due === undefined ? undefined : new Date(due)),
    enrolMethods: ["totp", "webauthn"],
    flowUrl: (kind, type, query) => `https://id.example/${kind}/${type}?${new URLSearchParams(query)}`,
    clock: { now: () => new Date("2026-05-01T12:30:00.000Z") },
  });

describe("a session is recent enough for a protected change", () => {
  const at = (time: string) => new Date(`2026-05-01T${time}Z`);
  const late = { ...totp, completed_at: "2026-05-01T12:10:00.000Z" };
  const hour = 3_600_000;
  const renewed = (...methods: readonly AuthenticationMethodRecord[]) => {
    const { session, identity } = caller(...methods);
    return { session: { ...session, authenticatedAt: at("12:20:00") }, identity };
  };

  it("by any authentication of someone without a second factor", () => {
    expect(rules([]).isPrivileged(caller(password), hour, at("12:59:59.999"))).toBe(true);
    expect(rules([]).isPrivileged(caller(password), hour, at("13:00:00"))).toBe(false);
  });

  it("by the second factor of someone who has one, and not by the first alone", () => {
    expect(rules(["totp"]).isPrivileged(renewed(password, late, password), hour, at("13:09:59.999"))).toBe(true);
    expect(rules(["totp"]).isPrivileged(renewed(password, late, password), hour, at("13:10:00"))).toBe(false);
    expect(rules(["totp"]).isPrivileged(renewed(password), hour, at("12:20:00"))).toBe(false);
  });

  it("by no second factor that pairs with nothing", () => {
    expect(
      rules(["code"]).isPrivileged(
        renewed(entry("code_recovery", "aal1"), entry("code", "aal2")),
        hour,
        at("12:20:00"),
      ),
    ).toBe(false);
  });
});

describe("a login flow that asks for a level", () => {
  it.each([
    [1, "first", true],
    [1, "second", false],
    [2, "first", false],
    [2, "second", true],
  ] as const)("of %i takes a %s factor: %s", (requested, factor, answers) => {
    expect(answersAal(requested, factor)).toBe(answers);
  });
});

describe("an endpoint that asks for a level", () => {
  const refusal = (
    made: ReturnType<typeof rules>,
    who: SignedIn,
    required: RequiredAal,
    returnTo?: string,
    check: "mustSatisfy" | "mustReach" = "mustSatisfy",
  ) => {
    try {
      made[check](who, required, returnTo);
      return undefined;
    } catch (error) {
      if (error instanceof ServiceError) return error;
      throw error;
    }
  };
  const asked = (error: ServiceError | undefined) => error?.parts.typed?.[0]?.value;

  it("takes whoever has reached the highest level that they have factors for", () => {
    expect(refusal(rules(["totp"]), caller(password), "aal1")).toBeUndefined();
    expect(refusal(rules([]), caller(password), "highest_available")).toBeUndefined();
    expect(refusal(rules(["totp"]), caller(password, totp), "highest_available")).toBeUndefined();
  });

  it("tells everybody else how any client steps up", () => {
    const made = rules(["totp", "webauthn"]);
    const error = refusal(made, caller(password), "highest_available", "https://app.example/a?b=c");
    const location = "https://id.example/login/browser?aal=aal2&return_to=https%3A%2F%2Fapp.example%2Fa%3Fb%3Dc";
    expect(error?.row.id).toBe("session_aal2_required");
    expect(error?.parts).toMatchObject({
      location,
      explain: "The session has to be raised by a second factor.",
      details: { redirect_browser_to: location },
      siblings: { redirect_browser_to: location },
      headers: {
        "www-authenticate":
          'Bearer error="insufficient_user_authentication", error_description="A second factor is required", ' +
          'acr_values="aal2"',
      },
    });
    expect(error?.parts.typed?.[0]?.desc).toBe(StepUpRequiredSchema);
    expect(asked(error)).toMatchObject({
      methods: ["totp", "webauthn"],
      nativeLoginUrl: "https://id.example/login/api?aal=aal2",
      redirectBrowserTo: location,
      maxAge: 0,
      enrolMethods: [],
      nativeSettingsUrl: "",
    });
    expect(asked(made.stepUp(caller(password), "highest_available", undefined, 900))).toMatchObject({ maxAge: 900 });
  });

  it("names no place to come back to where there is none", () => {
    expect(refusal(rules(["totp"]), caller(password), "highest_available")?.parts.location).toBe(
      "https://id.example/login/browser?aal=aal2",
    );
  });

  it("asks for a second factor where one is required, whatever level it asks for itself", () => {
    const required = rules(["totp"], "2026-05-01T00:00:00Z");
    expect(refusal(required, caller(password), "aal1")).toBeDefined();
    expect(refusal(required, caller(password, totp), "aal1")).toBeUndefined();
  });

  it("leads whoever must have a second factor by now to where it is set up, and lets them in there", () => {
    const due = rules([], "2026-05-01T12:30:00.000Z");
    const error = refusal(due, caller(password), "aal1", "https://app.example/a");
    const location = "https://id.example/settings/browser?return_to=https%3A%2F%2Fapp.example%2Fa";
    expect(error?.parts).toMatchObject({ location, explain: "A second factor has to be set up first." });
    expect(asked(error)).toMatchObject({
      methods: [],
      nativeLoginUrl: "",
      enrolMethods: ["totp", "webauthn"],
      nativeSettingsUrl: "https://id.example/settings/api?",
      redirectBrowserTo: location,
    });
    expect(refusal(due, caller(password), "highest_available", undefined, "mustReach")).toBeUndefined();
    expect(refusal(rules(["totp"]), caller(password), "highest_available", undefined, "mustReach")).toBeDefined();
    const early = rules([], "2026-05-01T12:30:00.001Z");
    expect(refusal(early, caller(password), "highest_available")).toBeUndefined();
  });

  it("takes a trusted device in the place of a second factor, but no protected change does", () => {
    const trusted = { ...entry("trusted_device", "aal2"), completed_at: "2026-05-01T12:20:00.000Z" };
    const who = callerWith({}, password, trusted);
    expect(sessionAal(who)).toBe(2);
    expect(rules(["totp"]).isPrivileged(who, 3_600_000, new Date("2026-05-01T12:21:00Z"))).toBe(false);
  });
});
