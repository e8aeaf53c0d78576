import type { AuditLog } from "../../audit/audit-log.ts";
import type { Refusals } from "../../audit/refusals.ts";
import type { Continuations } from "../../continuation/continuation.ts";
import type { Database } from "../../db/sql.ts";
import type { AddressUndos } from "../../identity/address-undos.ts";
import type { PendingAddresses } from "../../identity/pending-addresses.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { PacedByNetwork } from "../../limits/paced.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { Callers } from "../../session/caller.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { SessionIssuer } from "../../session/issue.ts";
import type { KnownDevices } from "../../session/known-devices.ts";
import type { SessionCookie } from "../../session/session-cookie.ts";
import type { TrustedDevices } from "../../session/trusted-devices.ts";
import type { CreateHookFlow } from "./hook-flow.ts";
import type { ReturnTo } from "./return-to.ts";
import type { SealedContext } from "./sealed-context.ts";
import type { FlowStore } from "./store.ts";
import type { FlowUrls } from "./urls.ts";

/* What the steps of every flow need, by what it is for. */

/** Where flows read and write. */
export interface FlowStorage {
  readonly db: Database;
  readonly clock: Clock;
  readonly flows: FlowStore;
  /** How many flows a network or a person may begin. */
  readonly newFlows: PacedByNetwork;
  readonly identities: IdentityStore;
  readonly pendingAddresses: PendingAddresses;
  readonly addressUndos: AddressUndos;
  readonly continuations: Continuations;
}

/** Where it is written what happened, and what was refused. */
export interface FlowTrail {
  readonly audit: AuditLog;
  readonly refusals: Refusals;
}

/** Who calls, and what a browser brings and gets. */
export interface FlowSessions {
  readonly callers: Callers;
  readonly csrf: Csrf;
  readonly sessionCookie: SessionCookie;
  readonly issuer: SessionIssuer;
  readonly devices: KnownDevices;
  readonly trustedDevices: TrustedDevices;
}

/** Where people go. */
export interface FlowDestinations {
  readonly returnTo: ReturnTo;
  readonly urls: FlowUrls;
  /** Where browsers go when nothing else is said. */
  readonly defaultReturnUrl: string;
}

/** What forms are made of, and how hooks see them. */
export interface FlowForms {
  readonly schemas: Schemas;
  readonly sealedContext: SealedContext;
  readonly hookFlow: CreateHookFlow;
}

/** What the steps of every flow need, by subject. What a flow has of its own stands beside, under its name. */
export interface FlowDeps {
  readonly storage: FlowStorage;
  readonly trail: FlowTrail;
  readonly sessions: FlowSessions;
  readonly destinations: FlowDestinations;
  readonly forms: FlowForms;
}
