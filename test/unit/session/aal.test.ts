import { describe, expect, it } from "vitest";
import { StepUpRequiredSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { ServiceError } from "../../../src/errors/service-error.ts";
import type { IdentityRecord } from "../../../src/identity/identity.ts";
import { type Aal, answersAal, createAalRules, type RequiredAal, sessionAal } from "../../../src/session/aal.ts";
import type { AuthenticationMethodRecord, SignedIn } from "../../../src/session/session.ts";

const entry = (method: string, aal: "aal1" | "aal2", provider?: string): AuthenticationMethodRecord => ({
  method,
  aal,
  completed_at: "2026-05-01T12:00:00.000Z",
  ...(provider !== undefined && { provider }),
});
const password = entry("password", "aal1");
const totp = entry("totp", "aal2");

describe("the level of a session", () => {
  it.each<[string, Aal, readonly AuthenticationMethodRecord[]]>([
    ["nothing", 0, []],
    ["a first factor", 1, [password]],
    ["the same first factor again", 1, [password, password]],
    ["two first factors", 1, [password, entry("oidc", "aal1", "acme")]],
    ["a second factor alone", 1, [totp]],
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
    expect(sessionAal({ methods })).toBe(level);
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
  const rules = (secondFactors: readonly string[]) =>
    createAalRules({
      secondFactors: () => secondFactors,
      loginUrl: (type, query) => `https://id.example/${type}?${new URLSearchParams(query)}`,
    });
  const caller = (...methods: AuthenticationMethodRecord[]) =>
    ({ session: { methods }, identity: {} as IdentityRecord }) as unknown as SignedIn;
  const refusal = (secondFactors: readonly string[], who: SignedIn, required: RequiredAal, returnTo?: string) => {
    try {
      rules(secondFactors).mustSatisfy(who, required, returnTo);
      return undefined;
    } catch (error) {
      if (error instanceof ServiceError) return error;
      throw error;
    }
  };

  it("takes whoever has reached the highest level that they have factors for", () => {
    expect(refusal(["totp"], caller(password), "aal1")).toBeUndefined();
    expect(refusal([], caller(password), "highest_available")).toBeUndefined();
    expect(refusal(["totp"], caller(password, totp), "highest_available")).toBeUndefined();
  });

  it("tells everybody else how any client steps up", () => {
    const error = refusal(["totp", "webauthn"], caller(password), "highest_available", "https://app.example/a?b=c");
    const location = "https://id.example/browser?aal=aal2&return_to=https%3A%2F%2Fapp.example%2Fa%3Fb%3Dc";
    expect(error?.row.id).toBe("session_aal2_required");
    expect(error?.parts).toMatchObject({
      location,
      details: { redirect_browser_to: location },
      siblings: { redirect_browser_to: location },
    });
    const [detail] = error?.parts.typed ?? [];
    expect(detail?.desc).toBe(StepUpRequiredSchema);
    expect(detail?.value).toMatchObject({
      methods: ["totp", "webauthn"],
      nativeLoginUrl: "https://id.example/api?aal=aal2",
      redirectBrowserTo: location,
    });
  });

  it("names no place to come back to where there is none", () => {
    expect(refusal(["totp"], caller(password), "highest_available")?.parts.location).toBe(
      "https://id.example/browser?aal=aal2",
    );
  });
});
