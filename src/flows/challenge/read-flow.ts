import type { Call } from "../../lib/call.ts";
import { mustNotBeExpired } from "../shared/expired.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mustExist } from "../shared/request.ts";
import { requireSameBrowser } from "../shared/same-origin.ts";
import type { ChallengeFlowDeps, ChallengeFlowKind } from "./deps.ts";
import type { OpenedFlow } from "./open-link.ts";

/** What a kind of flow does differently when it is read. */
interface ReadParts {
  readonly kind: ChallengeFlowKind;
  /** Whether a flow may be read in any browser. */
  readonly isForAnyBrowser: (flow: FlowRecord) => boolean;
}

/**
 * Creates what reads a flow for the browser that created it or opened its link, or for whoever knows the id of a native
 * app's. @throws FLOW_NOT_FOUND, CSRF_VIOLATION, FLOW_EXPIRED
 */
export const createReadFlow =
  (
    {
      storage: { clock, db, flows },
      sessions: { csrf },
      destinations: { urls },
      challenge: { openedLinks },
    }: ChallengeFlowDeps,
    { kind, isForAnyBrowser }: ReadParts,
  ) =>
  async (id: string, call: Call): Promise<OpenedFlow> => {
    csrf.ensure(call);
    const flow = mustExist(await flows.find(db, kind, id));
    const opened = openedLinks.find(call, flow.id);
    if (opened === undefined && !isForAnyBrowser(flow)) requireSameBrowser(csrf, call, flow);
    mustNotBeExpired(flow, clock.now(), urls);
    return { flow, opened };
  };
