import type { Call } from "../../lib/call.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { ChallengeFlowDeps } from "./deps.ts";
import type { Loaded } from "./submit-steps.ts";

/** The steps of a submit that opening a link takes likewise. */
interface OpenSteps {
  findFlow(request: { readonly flowId: string }): Promise<Loaded>;
  rejectIfExpired(opening: Loaded & { readonly call: Call }): Promise<void>;
  rejectIfPassed(opening: Loaded & { readonly call: Call }): Promise<void>;
}

/** The link of a message: its flow, and the secret in it. */
interface FollowedLink {
  readonly flow: string;
  readonly code: string;
  readonly token: string;
}

/** A link that was opened. */
export interface OpenedFlow {
  readonly flow: FlowRecord;
  /** The secret that it brought into this browser; undefined: it has none. */
  readonly opened: string | undefined;
}

/**
 * Creates what opens the link of a message in whatever browser: the form shows what the link brought. Nothing is
 * compared, counted or used up, however often that happens. @throws FLOW_NOT_FOUND, FLOW_EXPIRED, FLOW_REPLACED
 */
export const createOpenLink =
  (
    { sessions: { csrf }, challenge: { openedLinks } }: Pick<ChallengeFlowDeps, "sessions" | "challenge">,
    { findFlow, rejectIfExpired, rejectIfPassed }: OpenSteps,
  ) =>
  async (request: FollowedLink, call: Call): Promise<OpenedFlow> => {
    csrf.ensure(call);
    const { flow } = await findFlow({ flowId: request.flow });
    await rejectIfExpired({ flow, call });
    await rejectIfPassed({ flow, call });
    const secret = request.code === "" ? request.token : request.code;
    if (secret === "") return { flow, opened: undefined };
    openedLinks.remember(call, flow.id, secret, flow.expiresAt);
    return { flow, opened: secret };
  };
