import type { HookFlow } from "../../hooks/phases.ts";

const AFTER_VERIFICATION = "after_verification_return_to";

/**
 * Where the person goes on after the verification: where the flow before said so for this, else where that flow leads
 * (docs/verification.md). Both were checked when that flow was created.
 */
export const endOf = ({ requestUrl, returnTo }: HookFlow): Pick<HookFlow, "requestUrl" | "returnTo"> => {
  const url = URL.parse(requestUrl);
  const wanted = url?.searchParams.get(AFTER_VERIFICATION);
  if (!url || !wanted) return { requestUrl, returnTo };
  url.searchParams.set("return_to", wanted);
  url.searchParams.delete(AFTER_VERIFICATION);
  return { requestUrl: url.href, returnTo: wanted };
};
