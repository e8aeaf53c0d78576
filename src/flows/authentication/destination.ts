import type { AfterConfig } from "../../config/hook-config.ts";
import type { FlowDestinations } from "../shared/deps.ts";
import { returnToOf } from "../shared/flow.ts";
import type { AuthenticationContext } from "./complete.ts";

/**
 * Where a browser goes once it is signed in or up: where its flow says, or else the configuration for the method, for
 * the kind of flow, or for all. Asked before anything is written: the configuration may have changed since the flow
 * began. @throws RETURN_TO_FORBIDDEN
 */
export const destinationOf = (
  { defaultReturnUrl, returnTo }: Pick<FlowDestinations, "defaultReturnUrl" | "returnTo">,
  after: AfterConfig,
  { flow, method }: Pick<AuthenticationContext, "flow" | "method">,
): string =>
  returnTo.must(returnToOf(flow)) ??
  after.methods[method]?.default_browser_return_url ??
  after.default_browser_return_url ??
  defaultReturnUrl;
