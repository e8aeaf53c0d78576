import { create } from "@bufbuild/protobuf";
import { StepUpRequiredSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { detail, type ServiceError, serviceError } from "../errors/service-error.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { AuthenticationMethodRecord, SessionRecord, SignedIn } from "./session.ts";

/*
 * The rules of authenticator assurance levels (NIST SP 800-63B): which entries
 * of a session make which level, what a login flow that asks for a level lets
 * through, what endpoints ask for, and how a client steps up. All of them stand
 * here; what a factor is, is defined by the credentials of the methods.
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

/**
 * The level that a session has reached. Two needs a first factor and a second
 * one of another channel, or a provider that vouches for both.
 */
export const sessionAal = ({ methods }: Pick<SessionRecord, "methods">): Aal => {
  if (methods.length === 0) return 0;
  const second = methods.filter(({ aal }) => aal === "aal2");
  const reached = second.some(
    (entry) =>
      entry.provider !== undefined ||
      methods.some((other) => other.aal === "aal1" && channelOf(other) !== channelOf(entry)),
  );
  return reached ? 2 : 1;
};

/**
 * Whether a method that is a first or a second factor answers a login flow that
 * asks for a level: a password does not answer `aal=aal2`.
 */
export const answersAal = (requested: 1 | 2, factor: "first" | "second"): boolean =>
  requested === (factor === "first" ? 1 : 2);

/** What the level rules need to know of a person and of the places to sign in. */
export interface AalRulesDeps {
  /** The types of second factors that the person has: a question to the methods. */
  readonly secondFactors: (identity: IdentityRecord) => readonly string[];
  /** Where a login flow is created, with a query. */
  readonly loginUrl: (type: "browser" | "api", query: Readonly<Record<string, string>>) => string;
}

/** Asks sessions for a level. */
export interface AalRules {
  /**
   * @param returnTo where a browser comes back to once it has stepped up
   * @throws AAL2_REQUIRED with StepUpRequired: how any client reaches the level
   */
  mustSatisfy(caller: SignedIn, required: RequiredAal, returnTo?: string): void;
}

/** Creates the rules. */
export const createAalRules = ({ secondFactors, loginUrl }: AalRulesDeps): AalRules => ({
  mustSatisfy: ({ session, identity }, required, returnTo) => {
    if (required === "aal1" || sessionAal(session) === 2) return;
    const methods = secondFactors(identity);
    if (methods.length > 0) throw stepUpRequired(methods, loginUrl, returnTo);
  },
});

const stepUpRequired = (
  methods: readonly string[],
  loginUrl: AalRulesDeps["loginUrl"],
  returnTo: string | undefined,
): ServiceError => {
  const query = { aal: "aal2", ...(returnTo !== undefined && { return_to: returnTo }) };
  const location = loginUrl("browser", query);
  return serviceError("AAL2_REQUIRED", {
    explain: "The session has to be raised by a second factor.",
    details: { redirect_browser_to: location },
    siblings: { redirect_browser_to: location },
    typed: [
      detail(
        StepUpRequiredSchema,
        create(StepUpRequiredSchema, {
          methods: [...methods],
          nativeLoginUrl: loginUrl("api", { aal: "aal2" }),
          redirectBrowserTo: location,
        }),
      ),
    ],
    location,
  });
};
