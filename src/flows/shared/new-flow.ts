import type { Clock } from "../../lib/clock.ts";
import { uuid4 } from "../../lib/ids.ts";
import { emptyForm, type FlowRecord } from "./flow.ts";

/** What a kind of flow says of a fresh one. */
export type NewFlow = Pick<FlowRecord, "kind" | "type" | "state" | "requestUrl"> &
  Partial<Pick<FlowRecord, "identityId" | "csrfDigest" | "form" | "context">>;

/** Makes a flow that begins now, not written yet. `lifespan` is in milliseconds. */
export const newFlow = (
  parts: NewFlow,
  { clock, lifespan }: { readonly clock: Clock; readonly lifespan: number },
): FlowRecord => {
  const now = clock.now();
  return {
    id: uuid4(),
    identityId: undefined,
    active: undefined,
    csrfDigest: undefined,
    form: emptyForm,
    context: {},
    ...parts,
    issuedAt: now,
    updatedAt: now,
    expiresAt: new Date(now.getTime() + lifespan),
  };
};
