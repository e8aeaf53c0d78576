import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ContinueWith } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import type { EventContent } from "../audit/event-types.ts";
import type { Sql } from "../db/sql.ts";
import type { AddressState, IdentityRecord } from "../identity/identity.ts";
import type { NewPendingAddress } from "../identity/pending-addresses.ts";
import type { Call } from "../lib/call.ts";
import type { SessionRecord } from "../session/session.ts";
import type { FormMessage } from "../ui/stored-message.ts";

/*
 * What a configured hook may do, and when. A hook is one file; the list of them
 * is index.ts, the order in which they run is runner.ts.
 *
 *   before         a flow is created: may refuse it
 *   beforePersist  a change is about to be written: may refuse it, or change what is written; may be slow
 *   inTransaction  writes with the change
 *   afterCommit    the change is written: may say how the client continues; may be slow
 */

/** A flow that has hooks. */
export type HookFlowKind = "settings" | "login" | "registration" | "recovery" | "verification";

/** The flow that a hook runs for. */
export interface HookFlow {
  readonly id: string;
  readonly kind: HookFlowKind;
  readonly type: "browser" | "api";
  readonly requestUrl: string;
  /** Where the person goes afterwards, if the request that created the flow said so. */
  readonly returnTo: string | undefined;
  /** The flow as REST answers it, without its anti-CSRF token. */
  render(): JsonObject;
}

/** What a hook sees of a flow that is about to be created. */
export interface BeforeContext {
  readonly flow: HookFlow;
  readonly call: Call;
}

/** What a hook sees of a change: before it is written, with it, and afterwards. */
export interface ChangeContext extends BeforeContext {
  /** The method that was submitted: `password`. */
  readonly method: string;
  /** What the client sent for hooks. It is stored nowhere in clear text. */
  readonly transientPayload: JsonObject | undefined;
  /** The person as they were before; undefined for a sign-up. */
  readonly previous: IdentityRecord | undefined;
  /** The person as they are after the change. */
  readonly identity: IdentityRecord;
  /**
   * The session of the person as it is now: after a sign-up it is there from the moment that one begins. Undefined
   * where there is none.
   */
  readonly session: SessionRecord | undefined;
}

/** A verification flow that was created with a change. */
export interface CreatedVerification {
  readonly flowId: string;
  /** The address that it is for: `ann@example.com`. */
  readonly address: string;
  /** The page of the flow; undefined for native apps. */
  readonly url: string | undefined;
}

/** What a hook sees of a change from the transaction on. One object for all hooks of a change. */
export interface WrittenContext extends ChangeContext {
  /** Begins a session for the person who signed up. Undefined in other flows. */
  readonly beginSession?: () => Promise<void>;
  /**
   * The anti-CSRF secret that the browser gets with the answer, where that is another one: flows that are created with
   * the change belong to it.
   */
  readonly nextSecret?: Buffer | undefined;
  /** The verification flows of this change, in order. A hook that creates one adds it in the transaction. */
  readonly verifications: CreatedVerification[];
  /** Addresses that the change brought, and that take effect only once they are proven. */
  readonly waiting?: readonly WaitingAddress[];
  /** What is recorded of the change, where that is its own. */
  readonly event?: EventContent | undefined;
}

/** An address that is held back until it is proven, and how it comes into the traits then. */
export type WaitingAddress = Pick<NewPendingAddress, "via" | "value" | "patches" | "isTaken">;

/** A hook refuses a change: the form says why, and nothing is written. */
export interface HookRejected {
  readonly kind: "rejected";
  readonly messages: readonly FormMessage[];
}

/** What a hook changes in the person before they are written. Members that are left out stay. */
export interface IdentityRevision {
  /** Take the place of all traits. They are validated. */
  readonly traits?: JsonObject;
  readonly metadataPublic?: JsonValue;
  readonly metadataAdmin?: JsonValue;
  /** How far addresses of the person are proven. Those that they do not have are passed over. */
  readonly addresses?: readonly AddressState[];
  /** The id of a schema that there is. The traits are validated by it. */
  readonly schemaId?: string;
  readonly state?: IdentityRecord["state"];
  /** Null takes it away. */
  readonly externalId?: string | null;
  /** Addresses of the person that a message is on its way to. */
  readonly sent?: readonly { readonly via: string; readonly value: string }[];
  /** Addresses that `traits` no longer have, because they wait for their proof. */
  readonly waiting?: readonly WaitingAddress[];
}

/** A hook changes the person before they are written. */
export interface HookRevised {
  readonly kind: "revised";
  readonly revision: IdentityRevision;
}

/** A hook, by its phases. Each may throw a ServiceError, which ends the flow's request with it. */
export interface Hook {
  /** Before a flow is created. */
  before?(context: BeforeContext): Promise<void>;
  /** Before a change is written, outside of any transaction. Undefined: it may be written as it is. */
  beforePersist?(context: ChangeContext): Promise<HookRejected | HookRevised | undefined>;
  /**
   * Writes in the transaction of the change: it happens with it or not at all. It may run again, after a deadlock or
   * because it was run first without a database (`shared` of `db/sql.ts`): it has no effect but by what it sends.
   */
  inTransaction?(tx: Sql, context: WrittenContext): Promise<void>;
  /** After the change is written. Returns how the client continues. A failure does not undo the change. */
  afterCommit?(context: WrittenContext): Promise<readonly ContinueWith[] | undefined>;
  /**
   * `first` runs before the others of its list, but for what goes before a change is written: there it runs after all
   * of them, because it acts on what they have made of the person. `last` runs after them; `queued` after all,
   * because it only queues what the others have made.
   */
  readonly order?: "first" | "last" | "queued";
}

/**
 * Opens a verification flow for an address of somebody who may not sign in yet, and sends what it asks for. Undefined
 * where there is no verification, or no address to verify.
 */
export type OpenVerification = (context: WrittenContext) => Promise<CreatedVerification | undefined>;

/** What verification gives to hooks. */
export interface VerificationHooks {
  /** Those that follow a registration and a change of settings, whatever is configured. None where it is off. */
  readonly hooks: readonly Hook[];
  readonly open: OpenVerification;
  /** Has new addresses wait for their proof. Undefined where there is no verification. */
  readonly verifyNewAddress: Hook | undefined;
}

/** Where a hook stands in the configuration. */
export interface HookPlace {
  readonly flow: HookFlowKind;
  readonly when: "before" | "after";
}

/** Says what is wrong with the `config` of a hook, unknown keys included; undefined: nothing is. */
export type FindConfigFault = (config: Readonly<Record<string, unknown>> | undefined) => string | undefined;

/** Makes a hook of its `config` in the configuration; undefined when it has none. It was found to be right. */
export type HookFactory = (config: JsonObject | undefined, place: HookPlace) => Hook;
