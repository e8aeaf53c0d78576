import { create } from "@bufbuild/protobuf";
import { StepUpRequiredSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { detail, type ServiceError, serviceError } from "../errors/service-error.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import { type AuthenticationMethodRecord, isPrivileged, type SessionRecord, type SignedIn } from "./session.ts";

/*
 * The rules of authenticator assurance levels (NIST SP 800-63B): which entries
 * of a session make which level, what a login flow that asks for a level lets
 * through, what endpoints ask for, and how a client steps up. All of them stand
 * here (docs/second-factors.md); what a factor is, is told by the credentials of
 * the methods.
 */

/** How surely a person is known: 0 nobody, 1 one factor, 2 two factors. */
export type Aal = 0 | 1 | 2;

/** Which level an endpoint asks for: any, or the highest that the person has factors for. */
export type RequiredAal = "aal1" | "highest_available";

/** Methods whose secret arrives by mail or text message: whoever reads the messages has all of them. */
const byMessage: ReadonlySet<string> = new Set(["code", "link", "code_recovery", "link_recovery"]);

/** What an entry arrived through. Two entries of one channel are one factor. */
const channelOf = ({ method, provider }: AuthenticationMethodRecord): string =>
  byMessage.has(method) ? "message" : provider === undefined ? method : `${method} ${provider}`;

/** Whether two entries are two factors. Messages are two only where one is known to have come by mail, one as text. */
const areTwoFactors = (a: AuthenticationMethodRecord, b: AuthenticationMethodRecord): boolean =>
  byMessage.has(a.method) && byMessage.has(b.method)
    ? a.via !== undefined && b.via !== undefined && a.via !== b.via
    : channelOf(a) !== channelOf(b);

/** Whether a message that comes this way would be a second factor: something else was the first. */
export const isAnotherChannel = ({ methods }: Pick<SessionRecord, "methods">, via: "email" | "sms"): boolean =>
  methods.some((entry) => entry.aal === "aal1" && areTwoFactors(entry, { ...entry, method: "code", via }));

/**
 * Whether a second factor that was given is still one of the person's: with a
 * factor that was removed goes the level that it made, and one that is set up anew
 * does not bring it back. What arrives by message or from a provider is no
 * credential of its own.
 */
const isStillThere = ({ credentials }: IdentityRecord, entry: AuthenticationMethodRecord): boolean => {
  if (byMessage.has(entry.method) || entry.provider !== undefined) return true;
  const credential = credentials[entry.method];
  if (credential?.set !== true) return false;
  const { since } = credential.facts;
  return typeof since !== "string" || entry.completed_at >= since;
};

/**
 * The entries of a session that make it two factors: second ones beside a first one
 * of another channel, or a provider that vouches for both.
 */
const secondEntries = ({ session: { methods }, identity }: SignedIn): readonly AuthenticationMethodRecord[] =>
  methods.filter(
    (entry) =>
      entry.aal === "aal2" &&
      isStillThere(identity, entry) &&
      (entry.provider !== undefined || methods.some((other) => other.aal === "aal1" && areTwoFactors(other, entry))),
  );

/** The level that a session has reached. */
export const sessionAal = (signedIn: SignedIn): Aal => {
  if (signedIn.session.methods.length === 0) return 0;
  return secondEntries(signedIn).length > 0 ? 2 : 1;
};

/**
 * Whether a method that is a first or a second factor answers a login flow that
 * asks for a level: a password does not answer `aal=aal2`.
 */
export const answersAal = (requested: 1 | 2, factor: "first" | "second"): boolean =>
  requested === (factor === "first" ? 1 : 2);

/** What the level rules need to know of a person and of the places to sign in. */
export interface AalRulesDeps {
  /** The types of second factors that the person has for this session: a question to the methods. */
  readonly secondFactors: (signedIn: SignedIn) => readonly string[];
  /** Where a login flow is created, with a query. */
  readonly loginUrl: (type: "browser" | "api", query: Readonly<Record<string, string>>) => string;
}

/** Asks sessions for a level. */
export interface AalRules {
  isSatisfied(caller: SignedIn, required: RequiredAal): boolean;
  /**
   * The error of `mustSatisfy`; undefined: the level is reached.
   *
   * @param maxAge seconds that the second factor may be old; 0: any
   */
  stepUp(caller: SignedIn, required: RequiredAal, returnTo?: string, maxAge?: number): ServiceError | undefined;
  /**
   * @param returnTo where a browser comes back to once it has stepped up
   * @throws AAL2_REQUIRED with StepUpRequired: how any client reaches the level
   */
  mustSatisfy(caller: SignedIn, required: RequiredAal, returnTo?: string): void;
  /**
   * Whether the person authenticated recently enough for a protected change, and at
   * the level that the account has: whoever has a second factor gave it within that time.
   *
   * @param maxAge milliseconds
   */
  isPrivileged(caller: SignedIn, maxAge: number, now: Date): boolean;
}

/** Creates the rules. */
export const createAalRules = ({ secondFactors, loginUrl }: AalRulesDeps): AalRules => {
  const isSatisfied: AalRules["isSatisfied"] = (caller, required) =>
    required === "aal1" || sessionAal(caller) === 2 || secondFactors(caller).length === 0;

  const stepUp: AalRules["stepUp"] = (caller, required, returnTo, maxAge = 0) =>
    isSatisfied(caller, required)
      ? undefined
      : stepUpRequired({ methods: [...secondFactors(caller)], maxAge }, loginUrl, returnTo);

  return {
    isSatisfied,
    stepUp,
    mustSatisfy: (caller, required, returnTo) => {
      const error = stepUp(caller, required, returnTo);
      if (error) throw error;
    },
    isPrivileged: (caller, maxAge, now) => {
      if (!isPrivileged(caller.session, maxAge, now)) return false;
      const oldest = new Date(now.getTime() - maxAge).toISOString();
      return (
        secondFactors(caller).length === 0 || secondEntries(caller).some(({ completed_at }) => completed_at > oldest)
      );
    },
  };
};

const stepUpRequired = (
  asked: { readonly methods: string[]; readonly maxAge: number },
  loginUrl: AalRulesDeps["loginUrl"],
  returnTo: string | undefined,
): ServiceError => {
  const query = { aal: "aal2", ...(returnTo !== undefined && { return_to: returnTo }) };
  const location = loginUrl("browser", query);
  return serviceError("AAL2_REQUIRED", {
    explain: "The session has to be raised by a second factor.",
    details: { redirect_browser_to: location },
    siblings: { redirect_browser_to: location },
    // RFC 9470: what the resource asks of the session.
    headers: {
      "www-authenticate": `Bearer error="insufficient_user_authentication", error_description="A second factor is required", acr_values="aal2"`,
    },
    typed: [
      detail(
        StepUpRequiredSchema,
        create(StepUpRequiredSchema, {
          ...asked,
          nativeLoginUrl: loginUrl("api", { aal: "aal2" }),
          redirectBrowserTo: location,
        }),
      ),
    ],
    location,
  });
};
