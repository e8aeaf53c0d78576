import type { ChangeContext, HookRejected, IdentityRevision, WaitingAddress } from "../../hooks/phases.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import { apply } from "../../identity/apply.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import { uuid4 } from "../../lib/ids.ts";
import { validateTraits } from "../../schema/validate.ts";
import type { FlowForms, FlowStorage } from "./deps.ts";

/** A change that no hook refused. */
export interface ApprovedChange {
  readonly kind: "approved";
  /** What hooks changed: its members take the place of those of the change. Undefined: nothing. */
  readonly revision: Change | undefined;
  /** Addresses that are held back. */
  readonly waiting: readonly WaitingAddress[];
}

/** What `runBeforePersistHooks` needs. */
export interface BeforePersistDeps {
  readonly storage: Pick<FlowStorage, "clock">;
  readonly forms: Pick<FlowForms, "schemas">;
}

/**
 * Runs the hooks that may refuse or revise a change before it is written.
 *
 * @param before the person whom the change is applied to
 * @throws ServiceError what a hook ends the request with
 */
export const runBeforePersistHooks = async (
  { storage: { clock }, forms: { schemas } }: BeforePersistDeps,
  hooks: HookRunner,
  before: IdentityRecord,
  proposed: Change,
  context: Omit<ChangeContext, "identity">,
): Promise<ApprovedChange | HookRejected> => {
  const identityOf = (change: Change): IdentityRecord => apply(before, change, { now: clock.now(), newId: uuid4 });
  let revision: Change | undefined;
  let waiting: readonly WaitingAddress[] = [];

  const revise = ({ traits, waiting: held = [], ...others }: IdentityRevision): IdentityRecord | HookRejected => {
    const current: Change = { ...proposed, ...revision };
    const schemaId = others.schemaId ?? current.schemaId ?? before.schemaId;
    // Another schema makes other identifiers and addresses of the same traits.
    const given = traits ?? (others.schemaId === undefined ? undefined : identityOf(current).traits);
    const validated = given && validateTraits(schemas.must(schemaId), given);
    if (validated?.kind === "invalid") return { kind: "rejected", messages: validated.messages };
    waiting = [...waiting, ...held];
    revision = { ...revision, ...others, ...(validated && { traits: validated }) };
    return identityOf({ ...proposed, ...revision });
  };

  const refused = await hooks.beforePersist({ ...context, identity: identityOf(proposed) }, revise);
  return refused ?? { kind: "approved", revision, waiting };
};
