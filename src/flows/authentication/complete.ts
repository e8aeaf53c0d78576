import type { Identity } from "../../../gen/ostiary/identity/v1/identity_pb.ts";
import type { Session } from "../../../gen/ostiary/session/v1/session_pb.ts";
import type { ContinueWith } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type {
  Authenticated,
  AuthenticationResult,
  IdentifierConflict,
  IncompleteRegistration,
  RegistrationResult,
} from "../../methods/contract/authentication.ts";
import type { RedirectRequest } from "../../methods/contract/redirect.ts";
import { type Consume, type NextStep, type Rejected, rejected } from "../../methods/contract/result.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { accountLinkOf } from "./pending-account-link.ts";

/*
 * Someone who came to sign in turns out to be new, someone who came to sign up
 * to be known: then the one flow ends as the other would. What login and
 * registration ask of each other stands here; app.ts hands it to both.
 */

/** Signed in or signed up. */
export interface FlowCompleted {
  readonly kind: "completed";
  readonly session?: Session;
  /** Native apps only. */
  readonly sessionToken?: string;
  /** Only after a sign-up. */
  readonly identity?: Identity;
  readonly continueWith: ContinueWith[];
  readonly redirectBrowserTo: string;
}

/** Who arrives, and how. */
export interface AuthenticationContext {
  /** Of either kind. */
  readonly flow: FlowRecord;
  readonly caller: Caller | undefined;
  readonly method: string;
  readonly call: Call;
  /** A native app fetches its session: it gets one whatever is configured after a sign-up. */
  readonly fetches: boolean;
}

/** What the end of a flow stands on is not as it was read: nothing was written. */
export interface Changed {
  readonly kind: "changed";
}

/** The login flow's part. */
export interface SignInSteps {
  signIn(
    authentication: AuthenticationContext,
    authenticated: Authenticated,
  ): Promise<FlowCompleted | Rejected | Changed>;
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
  ): Promise<FlowCompleted | Rejected | Changed | { readonly kind: "conflict" }>;
  /** Asks whoever it is for what is still missing. @throws FLOW_DISABLED */
  askForMissing(authentication: AuthenticationContext, incomplete: IncompleteRegistration): Promise<ServiceError>;
  reject(authentication: AuthenticationContext, rejected: Rejected): Promise<ServiceError>;
}

/** What was found out of a submit: on what it stands, and where that leads. */
export interface Looked<T extends { readonly kind: string } = AuthenticationResult | RedirectRequest | NextStep> {
  readonly authentication: AuthenticationContext;
  readonly result: T;
}

/**
 * Ends a flow of either kind where someone has arrived.
 *
 * @param again looks anew, from the flow on, when another request came between
 * @param looksForOwner whether that can tell whose an identifier is that someone else has
 */
export type CompleteAuthentication = (
  first: Looked<AuthenticationResult>,
  retry: () => Promise<Looked>,
  looksForOwner: boolean,
) => Promise<FlowCompleted>;

/** How often it is looked. Each time something must have been changed meanwhile that the last look rested on. */
const TRIES = 6;

/** Creates the end of both flows. */
export const createCompleteAuthentication = ({
  login,
  registration,
}: {
  readonly login: SignInSteps;
  readonly registration: SignUpSteps;
}): CompleteAuthentication => {
  const once = async ({
    authentication,
    result,
  }: Looked<AuthenticationResult>): Promise<FlowCompleted | Rejected | Changed | { readonly kind: "conflict" }> => {
    // Nobody but the owner of the account is of use here, and someone new is not the owner.
    if (accountLinkOf(authentication.flow) && result.kind !== "authenticated" && result.kind !== "rejected")
      return notTheOwner;
    switch (result.kind) {
      case "rejected":
        return result;
      case "authenticated":
        return login.signIn(authentication, result);
      case "registered":
        return registration.signUp(authentication, result);
      case "incomplete":
        throw await registration.askForMissing(authentication, result);
      case "conflict":
        throw await login.promptAccountLink(authentication, result);
    }
  };
  const reject = ({ flow }: AuthenticationContext) => (flow.kind === "registration" ? registration : login).reject;

  return async (first, retry, looksForOwner) => {
    let looked: Looked = first;
    for (let tries = 1; isArrival(looked); tries++) {
      const { authentication, result } = looked;
      const ended = await once(looked);
      if (ended.kind === "completed") return ended;
      if (ended.kind === "rejected") throw await reject(authentication)(authentication, ended);
      // Someone else has the identifier, perhaps since just now: look again whose it is.
      if (ended.kind === "conflict" && !(looksForOwner && tries < TRIES))
        throw await reject(authentication)(authentication, identifierTaken(result));
      if (tries >= TRIES)
        throw serviceError("OVERLOADED", {
          explain: "The account is being changed by other requests all the time.",
          headers: { "retry-after": "1" },
        });
      looked = await retry();
    }
    throw await reject(looked.authentication)(looked.authentication, alreadyConsumed);
  };
};

const isArrival = (looked: Looked): looked is Looked<AuthenticationResult> =>
  looked.result.kind !== "redirect" && looked.result.kind !== "next_step";

const notTheOwner = rejected([{ node: "", text: uiText(messages.linkedAccountMismatch) }]);

/** An identifier or address belongs to someone else. */
const identifierTaken = (result: AuthenticationResult): Rejected => ({
  kind: "rejected",
  messages: [{ node: "", text: uiText(messages.identifierTaken) }],
  ...(result.kind === "registered" && { submittedValues: result.submittedValues }),
});

/** What could be used once only was used by another request. */
export const alreadyConsumed: Rejected = {
  kind: "rejected",
  messages: [{ node: "", text: uiText(messages.invalid, { reason: "This was used already. Please start again." }) }],
};

/** Rolls a transaction back whose claim was taken by another. */
export class AlreadyConsumed extends Error {
  override readonly name = "AlreadyConsumed";
}

/** @throws AlreadyConsumed */
export const consumeOrThrow = async (tx: Parameters<Consume>[0], consume: Consume | undefined): Promise<void> => {
  if (consume && !(await consume(tx))) throw new AlreadyConsumed("used already");
};
