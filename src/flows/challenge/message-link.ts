import { type FlowUrls, withQuery } from "../shared/urls.ts";
import type { ChallengeFlowKind, ChallengeParts } from "./deps.ts";

/** The flow that a link leads to, and the method of its secret. */
export interface LinkTarget {
  readonly kind: ChallengeFlowKind;
  readonly method: string;
  readonly flowId: string;
  /** Base URL of links that are no codes; see `ChallengeParts`. */
  readonly linkBase: ChallengeParts["linkBase"];
}

/** Where the link of a message leads, or of an operator: to the flow, in whatever browser, with the secret. */
export const messageLink = (
  urls: Pick<FlowUrls, "submit">,
  { kind, method, flowId, linkBase }: LinkTarget,
  secret: string,
): string => {
  const isCode = method === "code";
  const at =
    linkBase === undefined || isCode ? urls.submit(kind, flowId) : `${linkBase}/self-service/${kind}?flow=${flowId}`;
  return withQuery(at, { [isCode ? "code" : "token"]: secret });
};
