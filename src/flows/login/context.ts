import type { FlowRecord } from "../shared/flow.ts";

/** What a login flow stores between requests. */
export interface LoginContext {
  /** A signed-in person authenticates again. */
  readonly refresh: boolean;
  readonly requestedAal: 1 | 2;
}

/** Reads the context of a login flow. */
export const loginContext = ({ context }: FlowRecord): LoginContext => ({
  refresh: context.refresh === true,
  requestedAal: context.requested_aal === 2 ? 2 : 1,
});

/** Makes the context of a login flow. */
export const writeLoginContext = ({ refresh, requestedAal }: LoginContext) => ({
  refresh,
  requested_aal: requestedAal,
});
