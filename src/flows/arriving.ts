import type { Identity } from "../../gen/ostiary/identity/v1/identity_pb.ts";
import type { Session } from "../../gen/ostiary/session/v1/session_pb.ts";
import type { ContinueWith } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import type { ServiceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Leave } from "../methods/elsewhere.ts";
import {
  type Arrived,
  type Claim,
  type Enrolled,
  type Incomplete,
  type NextStep,
  type Proven,
  type Rejected,
  rejected,
  type Taken,
} from "../methods/method.ts";
import type { Caller } from "../session/caller.ts";
import { messages, uiText } from "../ui/messages.ts";
import type { FlowRecord } from "./flow.ts";
import { confirmationOf } from "./pending-link.ts";

/*
 * Someone who came to sign in turns out to be new, someone who came to sign up
 * to be known: then the one flow ends as the other would. What login and
 * registration ask of each other stands here; app.ts hands it to both.
 */

/** Signed in or signed up. */
export interface Entered {
  readonly kind: "entered";
  readonly session?: Session;
  /** Native apps only. */
  readonly sessionToken?: string;
  /** Only after a sign-up. */
  readonly identity?: Identity;
  readonly continueWith: ContinueWith[];
  readonly redirectBrowserTo: string;
}

/** Who arrives, and how. */
export interface Arrival {
  /** Of either kind. */
  readonly flow: FlowRecord;
  readonly caller: Caller | undefined;
  readonly method: string;
  readonly call: Call;
  /** A native app fetches its session: it gets one whatever is configured after a sign-up. */
  readonly fetches: boolean;
}

/** The login flow's part. */
export interface SigningIn {
  signIn(arrival: Arrival, proven: Proven): Promise<Entered | Rejected>;
  /** Asks whoever it is to sign in to the account that is in the way. */
  confirm(arrival: Arrival, taken: Taken): Promise<ServiceError>;
  reject(arrival: Arrival, rejected: Rejected): Promise<ServiceError>;
}

/** The registration flow's part. */
export interface SigningUp {
  /** @throws FLOW_DISABLED */
  signUp(arrival: Arrival, enrolled: Enrolled): Promise<Entered | Rejected | { readonly kind: "taken" }>;
  /** Asks whoever it is for what is still missing. @throws FLOW_DISABLED */
  fillIn(arrival: Arrival, incomplete: Incomplete): Promise<ServiceError>;
  reject(arrival: Arrival, rejected: Rejected): Promise<ServiceError>;
}

/**
 * Ends a flow of either kind where someone has arrived.
 *
 * @param again looks anew who it is, for methods that can tell: when another request came between
 */
export type Settle = (arrival: Arrival, first: Arrived, again?: () => Promise<Arrived | Leave | NextStep>) => Promise<Entered>;

/** How often it is looked. */
const TRIES = 3;

/** Creates the end of both flows. */
export const createSettle = ({ login, registration }: { readonly login: SigningIn; readonly registration: SigningUp }): Settle => {
  const once = async (arrival: Arrival, arrived: Arrived): Promise<Entered | Rejected | { readonly kind: "taken" }> => {
    // Nobody but the owner of the account is of use here, and someone new is not the owner.
    if (confirmationOf(arrival.flow) && arrived.kind !== "proven" && arrived.kind !== "rejected") return notTheOwner;
    switch (arrived.kind) {
      case "rejected":
        return arrived;
      case "proven":
        return login.signIn(arrival, arrived);
      case "enrolled":
        return registration.signUp(arrival, arrived);
      case "incomplete":
        throw await registration.fillIn(arrival, arrived);
      case "taken":
        throw await login.confirm(arrival, arrived);
    }
  };
  const reject = ({ flow }: Arrival) => (flow.kind === "registration" ? registration : login).reject;

  return async (arrival, first, again) => {
    let arrived: Arrived | Leave | NextStep = first;
    for (let tries = 1; arrived.kind !== "leave" && arrived.kind !== "step"; tries++) {
      const ended = await once(arrival, arrived);
      if (ended.kind === "entered") return ended;
      if (ended.kind === "rejected") throw await reject(arrival)(arrival, ended);
      // Someone else has the identifier, perhaps since just now: look again whose it is.
      if (again === undefined || tries >= TRIES) throw await reject(arrival)(arrival, identifierTaken(arrived));
      arrived = await again();
    }
    throw await reject(arrival)(arrival, usedAlready);
  };
};

const notTheOwner = rejected([{ node: "", text: uiText(messages.linkedAccountMismatch) }]);

/** An identifier or address belongs to someone else. */
const identifierTaken = (arrived: Arrived): Rejected => ({
  kind: "rejected",
  messages: [{ node: "", text: uiText(messages.identifierTaken) }],
  ...(arrived.kind === "enrolled" && { shown: arrived.shown }),
});

/** What could be used once only was used by another request. */
export const usedAlready: Rejected = {
  kind: "rejected",
  messages: [{ node: "", text: uiText(messages.invalid, { reason: "This was used already. Please start again." }) }],
};

/** Rolls a transaction back whose claim was taken by another. */
export class UsedAlready extends Error {
  override readonly name = "UsedAlready";
}

/** @throws UsedAlready */
export const mustTake = async (tx: Parameters<Claim>[0], claim: Claim | undefined): Promise<void> => {
  if (claim && !(await claim(tx))) throw new UsedAlready("used already");
};
