import { type DescMethod, hasOption } from "@bufbuild/protobuf";
import { Access, access, scope as scopeOption } from "../../gen/ostiary/options/v1/options_pb.ts";
import { mustHaveScope } from "../errors/must-have-scope.ts";
import { serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import { optionOf } from "./option-of.ts";
import { rpcName } from "./rpc-name.ts";
import { createSiteCheck } from "./site-check.ts";

/** What `createAccessCheck` needs. */
export interface AccessCheckDeps {
  readonly method: DescMethod;
  /** For what another site's page posts to on purpose: a provider's callback. */
  readonly anySite?: boolean | undefined;
  /** For what lets whoever calls in, with or without cookies. */
  readonly signsIn?: boolean | undefined;
  /** Whether the call presents a session, live or not: the flow finds that out in a read of its own. */
  readonly credential: (call: Call) => boolean;
  /** Whether an `Origin` belongs to a site that the configuration names. */
  readonly trustedOrigin: (origin: string) => boolean;
}

/**
 * Creates the check of who may call an RPC, by nothing but the header of a call:
 * it comes before the body is read, and again before the RPC runs.
 *
 * @throws Error at once, when the RPC does not say who may call it, or with which scope
 * @throws SESSION_INACTIVE, UNTRUSTED_ORIGIN, ADMIN_ONLY, OPERATOR_UNKNOWN, NOT_LOCAL, SCOPE_REQUIRED from the check
 */
export const createAccessCheck = ({
  method,
  anySite = false,
  signsIn,
  credential,
  trustedOrigin,
}: AccessCheckDeps): ((call: Call) => void) => {
  const who = hasOption(method, access) ? optionOf(method, access) : Access.UNSPECIFIED;
  if (who === Access.UNSPECIFIED)
    throw new Error(`${rpcName(method)} does not say who may call it: set (ostiary.options.v1.access)`);
  if (who === Access.ADMIN) {
    const scope = optionOf(method, scopeOption);
    if (scope === "")
      throw new Error(`${rpcName(method)} is for operators and names no scope: set (ostiary.options.v1.scope)`);
    return (call) => {
      if (call.port !== "admin") throw serviceError("ADMIN_ONLY");
      mustHaveScope(call, scope);
    };
  }
  const mustComeFromTrustedSite = anySite ? undefined : createSiteCheck({ method, trustedOrigin, signsIn });
  return (call) => {
    mustComeFromTrustedSite?.(call);
    if (who === Access.SESSION && !credential(call))
      throw serviceError("SESSION_INACTIVE", { explain: "The request presents no session: sign in first." });
  };
};
