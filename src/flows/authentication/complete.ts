import type { JsonObject } from "@bufbuild/protobuf";
import type { ContinueWith } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Refusals } from "../../audit/refusals.ts";
import { ServiceError } from "../../errors/service-error.ts";
import { errorTable } from "../../errors/table.ts";
import type { ConcurrentChange } from "../../identity/concurrent-change.ts";
import { repeatSteps } from "../../identity/repeat-steps.ts";
import type { Call } from "../../lib/call.ts";
import type {
  Authenticated,
  AuthenticationResult,
  IdentifierConflict,
  IncompleteRegistration,
  RegistrationResult,
} from "../../methods/contract/authentication.ts";
import type { Rejected } from "../../methods/contract/result.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { Done } from "../pipeline.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";
import { accountLinkOf, notTheOwner } from "./pending-account-link.ts";

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
  /** What the client sent for hooks. */
  readonly transientPayload: JsonObject | undefined;
  /** Whether the browser shall stand in for the second factor that is given now. */
  readonly trustsDevice: boolean;
}

/** Someone else has the identifier. */
export interface IdentifierTaken {
  readonly kind: "identifier_taken";
}

/** An end of a flow that no hook refused. */
export interface ApprovedEnd {
  readonly kind: "approved";
  /** Writes it in one transaction. */
  write(): Promise<WrittenEnd | Rejected | ConcurrentChange | IdentifierTaken>;
}

/** An end of a flow that is written. */
export interface WrittenEnd {
  readonly kind: "written";
  /** Runs the hooks that follow the commit. */
  afterCommit(): Promise<readonly ContinueWith[]>;
  /** Makes the answer, with the cookies of a browser. */
  render(continueWith: readonly ContinueWith[]): FlowCompleted;
}

/** The login flow's part. */
export interface SignInSteps {
  /** Runs the hooks before a sign-in is written. @throws RETURN_TO_FORBIDDEN and what hooks throw */
  approve(context: AuthenticationContext, authenticated: Authenticated): Promise<ApprovedEnd | Rejected>;
  /** Asks whoever it is to sign in to the account that is in the way. */
  promptAccountLink(context: AuthenticationContext, conflict: IdentifierConflict): Promise<ServiceError>;
  reject(context: AuthenticationContext, rejected: Rejected): Promise<ServiceError>;
}

/** The registration flow's part. */
export interface SignUpSteps {
  /** Runs the hooks before a sign-up is written. @throws FLOW_DISABLED, RETURN_TO_FORBIDDEN and what hooks throw */
  approve(context: AuthenticationContext, registered: RegistrationResult): Promise<ApprovedEnd | Rejected>;
  /** Whether an address is to be proven before there is an account. */
  mustConfirm(registered: RegistrationResult): boolean;
  /** Asks for that: what signs up waits in the flow, sealed. @throws FORM_REJECTED, FLOW_DISABLED, RATE_LIMITED */
  confirmFirst(context: AuthenticationContext, registered: RegistrationResult): Promise<never>;
  /** Whose an identifier or address of this sign-up is; undefined: nobody's. */
  findOwner(registered: RegistrationResult): Promise<string | undefined>;
  /** Asks whoever it is for what is still missing. @throws FLOW_DISABLED */
  askForMissing(context: AuthenticationContext, incomplete: IncompleteRegistration): Promise<ServiceError>;
  reject(context: AuthenticationContext, rejected: Rejected): Promise<ServiceError>;
}

/** How an attempt ended: with an answer, or because what it rests on was changed by another request. */
export type AuthenticationAttempt = Done<FlowCompleted> | Repeatable;

/** An attempt that wrote nothing and is made again. */
export type Repeatable =
  | ConcurrentChange
  /** Someone else has the identifier. `refuse` says so, where looking again does not help. */
  | { readonly kind: "identifier_taken"; readonly refuse: () => Promise<ServiceError> };

/** Ends a flow of either kind with who someone turned out to be. */
export interface CompleteAuthentication {
  /**
   * Runs the hooks that may refuse a sign-in or sign-up before it is written.
   *
   * @throws FORM_REJECTED and what hooks and the two flows throw
   */
  approve(context: AuthenticationContext, result: AuthenticationResult): Promise<ApprovedEnd>;
  /**
   * Writes what a method found out: a sign-in, a sign-up, or a form that asks on.
   *
   * @param findsOwner whether the method, asked again, finds whose an identifier is that someone else has
   * @throws FORM_REJECTED and what the two flows throw
   */
  persist(
    context: AuthenticationContext,
    result: AuthenticationResult,
    approved: ApprovedEnd,
    findsOwner: boolean,
  ): Promise<WrittenEnd | Repeatable>;
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

/** Creates the end of both flows. */
export const createCompleteAuthentication = ({
  login,
  registration,
  refusals,
}: {
  readonly refusals: Refusals;
  readonly login: SignInSteps;
  readonly registration: SignUpSteps;
}): CompleteAuthentication => {
  const reject: CompleteAuthentication["reject"] = (context, wrong) => {
    const { call, caller, flow, method } = context;
    if (wrong.refused) {
      const sessionId = caller?.identity.id === wrong.refused.identityId ? caller.session.id : undefined;
      refusals.record({ ...wrong.refused, sessionId, flow: "login", method, call });
    }
    return (flow.kind === "registration" ? registration : login).reject(context, wrong);
  };

  /** A sign-in that a hook refuses is a refused one, though the credential was right. */
  const approveSignIn = async (
    context: AuthenticationContext,
    result: Authenticated,
  ): Promise<ApprovedEnd | Rejected> => {
    const identityId = result.identity.id;
    try {
      const approved = await login.approve(context, result);
      return approved.kind === "rejected" ? { ...approved, refused: { identityId, reason: "hook" } } : approved;
    } catch (thrown) {
      if (thrown instanceof ServiceError && thrown.row === errorTable.VERIFIED_ADDRESS_REQUIRED) {
        const { call, method } = context;
        refusals.record({ identityId, flow: "login", method, reason: "address_unverified", call });
      }
      throw thrown;
    }
  };

  const approve = async (
    context: AuthenticationContext,
    result: AuthenticationResult,
  ): Promise<ApprovedEnd | Rejected> => {
    // Only the owner of the account can link to it, and someone new is not the owner.
    if (accountLinkOf(context.flow) && result.kind !== "authenticated" && result.kind !== "rejected")
      return notTheOwner;
    switch (result.kind) {
      case "rejected":
        return result;
      case "authenticated":
        return approveSignIn(context, result);
      case "registered":
        return registration.mustConfirm(result)
          ? { kind: "approved", write: () => registration.confirmFirst(context, result) }
          : registration.approve(context, result);
      case "incomplete":
        return { kind: "approved", write: () => thrown(registration.askForMissing(context, result)) };
      case "conflict":
        return { kind: "approved", write: () => thrown(login.promptAccountLink(context, result)) };
    }
  };

  return {
    approve: async (context, result) => {
      const approved = await approve(context, result);
      if (approved.kind === "rejected") throw await reject(context, approved);
      return approved;
    },

    persist: async (context, result, approved, findsOwner) => {
      const written = await approved.write();
      if (written.kind === "rejected") throw await reject(context, written);
      if (written.kind !== "identifier_taken") return written;
      const refuse = () => {
        const { call, method } = context;
        if (result.kind === "registered")
          refusals.signUp(() => registration.findOwner(result), { method, reason: "identifier_taken", call });
        return reject(context, identifierTaken(result));
      };
      if (!findsOwner) throw await refuse();
      return { kind: "identifier_taken", refuse };
    },

    retry: async (attempt) => {
      const done = await repeatSteps(async ({ isFirst, isLast }) => {
        const ended = await attempt(!isFirst);
        if (ended.kind === "done") return ended;
        if (ended.kind === "identifier_taken" && isLast) throw await ended.refuse();
        return undefined;
      });
      return done.render();
    },

    reject,
  };
};

/** @throws what is given */
const thrown = async (error: Promise<ServiceError>): Promise<never> => {
  throw await error;
};

/** An identifier or address belongs to someone else. */
const identifierTaken = (result: AuthenticationResult): Rejected => ({
  kind: "rejected",
  messages: [{ node: "", text: uiText(messages.identifierTaken) }],
  ...(result.kind === "registered" && { submittedValues: result.submittedValues }),
});
