import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type {
  Authenticated,
  AuthenticationResult,
  IdentifierConflict,
  IncompleteRegistration,
  RegistrationResult,
} from "../../methods/contract/authentication.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { ConcurrentChange } from "../shared/concurrent-change.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";
import { accountLinkOf } from "./pending-account-link.ts";

/*
 * Someone who came to sign in turns out to be new, someone who came to sign up
 * to be known: then the one flow ends as the other would. What login and
 * registration ask of each other stands here; flows/module.ts hands it to both.
 */

/** Who authenticates, in which flow, and how. */
export interface AuthenticationContext {
  /** Of either kind. */
  readonly flow: FlowRecord;
  readonly caller: Caller | undefined;
  readonly method: string;
  readonly call: Call;
  /** A native app fetches its session: it gets one whatever is configured after a sign-up. */
  readonly fetches: boolean;
}

/** The login flow's part. */
export interface SignInSteps {
  signIn(
    authentication: AuthenticationContext,
    authenticated: Authenticated,
  ): Promise<FlowCompleted | Rejected | ConcurrentChange>;
  /** Asks whoever it is to sign in to the account that is in the way. */
  promptAccountLink(authentication: AuthenticationContext, taken: IdentifierConflict): Promise<ServiceError>;
  reject(authentication: AuthenticationContext, rejected: Rejected): Promise<ServiceError>;
}

/** The registration flow's part. */
export interface SignUpSteps {
  /** @throws FLOW_DISABLED */
  signUp(
    authentication: AuthenticationContext,
    registered: RegistrationResult,
  ): Promise<FlowCompleted | Rejected | ConcurrentChange | { readonly kind: "conflict" }>;
  /** Asks whoever it is for what is still missing. @throws FLOW_DISABLED */
  askForMissing(authentication: AuthenticationContext, incomplete: IncompleteRegistration): Promise<ServiceError>;
  reject(authentication: AuthenticationContext, rejected: Rejected): Promise<ServiceError>;
}

/** How an attempt ended: with an answer, or because what it rests on was changed by another request. */
export type AuthenticationAttempt =
  | FlowCompleted
  | ConcurrentChange
  /** Someone else has the identifier. `refuse` says so, where looking again does not help. */
  | { readonly kind: "conflict"; readonly refuse: () => Promise<ServiceError> };

/** Ends a flow of either kind with who someone turned out to be. */
export interface CompleteAuthentication {
  /**
   * Writes what a method found out: a sign-in, a sign-up, or a form that asks on.
   *
   * @param findsOwner whether the method, asked again, finds whose an identifier is that someone else has
   * @throws FORM_REJECTED and what the two flows throw
   */
  persist(
    context: AuthenticationContext,
    result: AuthenticationResult,
    findsOwner: boolean,
  ): Promise<AuthenticationAttempt>;
  /**
   * Takes the steps of a submit again, from the flow on, while another request
   * came between.
   *
   * @param attempt gets whether it is a repetition
   * @throws OVERLOADED
   */
  retry(attempt: (isRetry: boolean) => Promise<AuthenticationAttempt>): Promise<FlowCompleted>;
  /** Refuses with a form that says what is wrong. */
  reject(context: AuthenticationContext, rejected: Rejected): Promise<ServiceError>;
}

/** How often it is tried. Each time something must have been changed meanwhile that the last attempt rested on. */
const TRIES = 6;

/** Creates the end of both flows. */
export const createCompleteAuthentication = ({
  login,
  registration,
}: {
  readonly login: SignInSteps;
  readonly registration: SignUpSteps;
}): CompleteAuthentication => {
  const reject: CompleteAuthentication["reject"] = (context, wrong) =>
    (context.flow.kind === "registration" ? registration : login).reject(context, wrong);

  const write = (
    context: AuthenticationContext,
    result: AuthenticationResult,
  ): Promise<FlowCompleted | Rejected | ConcurrentChange | { readonly kind: "conflict" }> | Rejected => {
    // Only the owner of the account can link to it, and someone new is not the owner.
    if (accountLinkOf(context.flow) && result.kind !== "authenticated" && result.kind !== "rejected")
      return notTheOwner;
    switch (result.kind) {
      case "rejected":
        return result;
      case "authenticated":
        return login.signIn(context, result);
      case "registered":
        return registration.signUp(context, result);
      case "incomplete":
        return thrown(registration.askForMissing(context, result));
      case "conflict":
        return thrown(login.promptAccountLink(context, result));
    }
  };

  return {
    persist: async (context, result, findsOwner) => {
      const written = await write(context, result);
      if (written.kind === "rejected") throw await reject(context, written);
      if (written.kind !== "conflict") return written;
      const refuse = () => reject(context, identifierTaken(result));
      if (!findsOwner) throw await refuse();
      return { kind: "conflict", refuse };
    },

    retry: async (attempt) => {
      for (let tries = 1; ; tries++) {
        const ended = await attempt(tries > 1);
        if (ended.kind === "completed") return ended;
        if (tries < TRIES) continue;
        if (ended.kind === "conflict") throw await ended.refuse();
        throw serviceError("OVERLOADED", {
          explain: "The account is being changed by other requests all the time.",
          headers: { "retry-after": "1" },
        });
      }
    },

    reject,
  };
};

/** @throws what is given */
const thrown = async (error: Promise<ServiceError>): Promise<never> => {
  throw await error;
};

const notTheOwner = rejected([{ node: "", text: uiText(messages.linkedAccountMismatch) }]);

/** An identifier or address belongs to someone else. */
const identifierTaken = (result: AuthenticationResult): Rejected => ({
  kind: "rejected",
  messages: [{ node: "", text: uiText(messages.identifierTaken) }],
  ...(result.kind === "registered" && { submittedValues: result.submittedValues }),
});
