import type { JsonValue } from "@bufbuild/protobuf";
import type { UpdateFlowBody } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { ChangeContext, WaitingAddress } from "../../hooks/phases.ts";
import { apply, differsInProtected } from "../../identity/apply.ts";
import { AfterRollback } from "../../identity/conflict-retry.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import { uuid4 } from "../../lib/ids.ts";
import { runBeforePersistHooks } from "../shared/before-persist.ts";
import type { SettingsDeps } from "./deps.ts";
import { finalUrl } from "./outcome.ts";
import { isRecent, park } from "./park.ts";
import { rejection } from "./reject.ts";
import { retireBackups } from "./retire-backups.ts";
import type { PerformedSubmission } from "./submission.ts";

/** A submit that no hook refused. */
export interface ApprovedSubmission extends PerformedSubmission {
  /** Where a browser goes once the change is saved. */
  readonly destination: string;
  /** What hooks see beside the person and the session. */
  readonly hooked: Pick<ChangeContext, "flow" | "method" | "call" | "transientPayload" | "previous">;
  /** Addresses that take effect only once they are proven. */
  readonly waiting: readonly WaitingAddress[];
}

/** The submit that asks for the same change again. */
export type Resubmit = () => UpdateFlowBody;

/**
 * Runs the hooks that may refuse or revise a change before it is written. What
 * they make of a change that needed no recent session may need one: it is parked
 * then, and they run again when it is resumed.
 *
 * @throws RETURN_TO_FORBIDDEN, SESSION_REFRESH_REQUIRED, FORM_REJECTED and what hooks throw
 */
export const approve = async (
  deps: SettingsDeps,
  submission: PerformedSubmission,
  resubmit: Resubmit,
): Promise<Pick<ApprovedSubmission, "performed" | "destination" | "hooked" | "waiting">> => {
  const { caller, call, examined, flow, method, slow, transientPayload } = submission;
  const performed = await retireBackups(deps, submission, submission.performed);
  // Before anything is written: configuration may have changed since the flow began.
  const destination = finalUrl(deps, submission, method.name);
  const { identity: before, session } = caller;
  const hooked = {
    flow: deps.forms.hookFlow(flow, caller),
    method: method.name,
    call,
    transientPayload,
    previous: before,
  };
  if (!deps.settings.hooks.mayRefuse(method.name)) return { performed, destination, hooked, waiting: [] };
  const approved = await slow(
    () => keyOf(before, performed.change, deps),
    () => runBeforePersistHooks(deps, deps.settings.hooks, before, performed.change, { ...hooked, session }),
  );
  if (approved.kind === "rejected") {
    const submittedValues = examined?.submittedValues;
    const { messages } = approved;
    throw rejection(deps, submission, { messages, ...(submittedValues && { submittedValues }) }, performed.event);
  }
  const change: Change = { ...performed.change, ...approved.revision };
  if (approved.revision && differsInProtected(before, applied(before, change, deps)) && !isRecent(deps, submission))
    throw new AfterRollback(() => park(deps, submission, resubmit()));
  return { performed: { ...performed, change }, destination, hooked, waiting: approved.waiting };
};

const applied = (
  before: IdentityRecord,
  change: Change,
  { storage: { clock } }: Pick<SettingsDeps, "storage">,
): IdentityRecord => apply(before, change, { now: clock.now(), newId: uuid4 });

/** What hooks decide on: they are asked again where another request has changed it. */
const keyOf = (before: IdentityRecord, change: Change, deps: Pick<SettingsDeps, "storage">): string =>
  `hooks ${JSON.stringify([before, applied(before, change, deps)].map(seenOf))}`;

/** The part of a person that is theirs, without the marks of each write. */
const seenOf = ({ version: _v, updatedAt: _u, verifiable, recovery, ...seen }: IdentityRecord): JsonValue =>
  ({
    ...seen,
    verifiable: verifiable.map(({ via, value, verified }) => [via, value, verified]),
    recovery: recovery.map(({ via, value }) => [via, value]),
  }) as unknown as JsonValue;
