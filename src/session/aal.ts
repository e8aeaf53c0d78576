import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { StepUpRequiredSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { detail, type ServiceError, serviceError } from "../errors/service-error.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { Clock } from "../lib/clock.ts";
import {
  type AuthenticationMethodRecord,
  isPrivileged,
  type SessionRecord,
  type SignedIn,
  TRUSTED_DEVICE,
} from "./session.ts";

/*
 * The rules of authenticator assurance levels (NIST SP 800-63B): which entries
 * of a session make which level, what a login flow that asks for a level lets
 * through, what endpoints ask for, and how a client steps up. All of them stand
 * here (docs/second-factors.md); what a factor is, is defined by the credentials of
 * the methods.
 */

/** An authenticator assurance level: 0 not authenticated, 1 one factor, 2 two factors. */
export type Aal = 0 | 1 | 2;

/** Which level an endpoint asks for: any, or the highest that the person has factors for. */
export type RequiredAal = "aal1" | "highest_available";

/** Methods whose secret is sent by mail or text message: whoever reads the messages has all of them. */
const byMessage: ReadonlySet<string> = new Set(["code", "link", "code_recovery", "link_recovery"]);

/** Whether two entries are two factors. Messages are two only where one is known to have come by mail, one as text. */
const areTwoFactors = (a: AuthenticationMethodRecord, b: AuthenticationMethodRecord): boolean =>
  byMessage.has(a.method) && byMessage.has(b.method)
    ? a.via !== undefined && b.via !== undefined && a.via !== b.via
    : a.method !== b.method;

/** Whether a message that comes this way would be a second factor: something else was the first. */
export const isAnotherChannel = ({ methods }: Pick<SessionRecord, "methods">, via: "email" | "sms"): boolean =>
  methods.some((entry) => entry.aal === "aal1" && areTwoFactors(entry, { ...entry, method: "code", via }));

/**
 * Whether a second factor that was given is still one of the person's: with a
 * factor that was removed goes the level that it made, and one that is set up anew
 * does not bring it back. What comes by message or from a provider is no
 * credential of its own, and a trusted device is none.
 */
const isStillThere = ({ credentials }: IdentityRecord, entry: AuthenticationMethodRecord): boolean => {
  if (byMessage.has(entry.method) || entry.provider !== undefined || entry.method === TRUSTED_DEVICE) return true;
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
  /** When the person must have a second factor: a question to the configuration. Undefined: need not. */
  readonly secondFactorDue: (identity: IdentityRecord) => Date | undefined;
  /** The types of second factors that people can set up. */
  readonly enrolMethods: readonly string[];
  /** Where a flow is created, with a query. */
  readonly flowUrl: (
    kind: "login" | "settings",
    type: "browser" | "api",
    query: Readonly<Record<string, string>>,
  ) => string;
  readonly clock: Clock;
}

/** Asks sessions for a level. */
export interface AalRules {
  /**
   * Why a session does not reach a level; undefined: it does.
   *
   * @param returnTo where a browser comes back to once it has stepped up
   * @param maxAge seconds that the second factor may be old; 0: any
   */
  stepUp(caller: SignedIn, required: RequiredAal, returnTo?: string, maxAge?: number): ServiceError | undefined;
  /** Why somebody without a second factor must set one up first; undefined: they need not, or have one. */
  enrolment(caller: SignedIn, returnTo?: string): ServiceError | undefined;
  /** What a session still lacks, of both; undefined: nothing. */
  owed(caller: SignedIn, required: RequiredAal, returnTo?: string): ServiceError | undefined;
  /** @throws AAL2_REQUIRED with what is owed, and StepUpRequired: how any client does it */
  mustSatisfy(caller: SignedIn, required: RequiredAal, returnTo?: string): void;
  /** For where a second factor is set up. @throws AAL2_REQUIRED unless the level is reached */
  mustReach(caller: SignedIn, required: RequiredAal, returnTo?: string): void;
  /**
   * Whether the person authenticated recently enough for a protected change, and at
   * the level that the account has: whoever has a second factor gave it within that time.
   *
   * @param maxAge milliseconds
   */
  isPrivileged(caller: SignedIn, maxAge: number, now: Date): boolean;
}

/** Creates the rules. */
export const createAalRules = (deps: AalRulesDeps): AalRules => {
  const { secondFactors, secondFactorDue, enrolMethods, flowUrl, clock } = deps;

  const stepUp: AalRules["stepUp"] = (caller, required, returnTo, maxAge = 0) => {
    // Where a second factor is required, it is asked for.
    const isAsked = required === "highest_available" || secondFactorDue(caller.identity) !== undefined;
    if (!isAsked || sessionAal(caller) === 2) return undefined;
    const methods = [...secondFactors(caller)];
    if (methods.length === 0) return undefined;
    const location = flowUrl("login", "browser", { aal: "aal2", ...returning(returnTo) });
    const native = flowUrl("login", "api", { aal: "aal2" });
    return aal2Required("The session has to be raised by a second factor.", location, {
      methods,
      maxAge,
      nativeLoginUrl: native,
    });
  };

  const enrolment: AalRules["enrolment"] = (caller, returnTo) => {
    const due = secondFactorDue(caller.identity);
    if (due === undefined || due > clock.now() || secondFactors(caller).length > 0) return undefined;
    const location = flowUrl("settings", "browser", returning(returnTo));
    return aal2Required("A second factor has to be set up first.", location, {
      enrolMethods: [...enrolMethods],
      nativeSettingsUrl: flowUrl("settings", "api", {}),
    });
  };

  const owed: AalRules["owed"] = (caller, required, returnTo) =>
    stepUp(caller, required, returnTo) ?? enrolment(caller, returnTo);

  return {
    stepUp,
    enrolment,
    owed,
    mustSatisfy: (caller, required, returnTo) => throwIfAny(owed(caller, required, returnTo)),
    mustReach: (caller, required, returnTo) => throwIfAny(stepUp(caller, required, returnTo)),
    isPrivileged: (caller, maxAge, now) => {
      if (!isPrivileged(caller.session, maxAge, now)) return false;
      const oldest = new Date(now.getTime() - maxAge).toISOString();
      return (
        secondFactors(caller).length === 0 ||
        secondEntries(caller).some(({ method, completed_at }) => completed_at > oldest && method !== TRUSTED_DEVICE)
      );
    },
  };
};

const throwIfAny = (error: ServiceError | undefined): void => {
  if (error) throw error;
};

const returning = (returnTo: string | undefined): Readonly<Record<string, string>> =>
  returnTo === undefined ? {} : { return_to: returnTo };

const aal2Required = (explain: string, location: string, asked: MessageInitShape<typeof StepUpRequiredSchema>) =>
  serviceError("AAL2_REQUIRED", {
    explain,
    details: { redirect_browser_to: location },
    siblings: { redirect_browser_to: location },
    // RFC 9470: what the resource asks of the session.
    headers: {
      "www-authenticate":
        'Bearer error="insufficient_user_authentication", ' +
        'error_description="A second factor is required", ' +
        'acr_values="aal2"',
    },
    typed: [
      detail(
        StepUpRequiredSchema,
        create(StepUpRequiredSchema, { ...asked, redirectBrowserTo: location } as typeof asked),
      ),
    ],
    location,
  });
