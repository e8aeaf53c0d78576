import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import { hasScope } from "../../lib/operator.ts";
import { toConnectError } from "../connect/to-connect-error.ts";
import { findStreamWire, findWire } from "../connect/wire.ts";
import { dropRest } from "../drop-rest.ts";
import { errorObject } from "../rest/error-object.ts";
import { type Admit, setAdmission } from "./admission.ts";

/** What a route says of itself, for the lock. */
export interface LockedRoute {
  /** Its procedure asks for the admission itself, and refuses in the words of its protocol. */
  readonly asksAdmission?: boolean;
  /** A probe: how the server is, and nothing else. */
  readonly isProbe?: boolean;
  /** The scope of a route that is no RPC. */
  readonly scope?: string;
}

/** What `lockPort` needs. */
export interface PortLock {
  readonly admit: Admit;
  /** Whether probes ask for no admission: those of an orchestrator have no keys. */
  readonly openProbes: boolean;
}

/**
 * Locks a port: every request is admitted or refused before any route sees it, those that have no route included.
 * RPCs are refused by their own procedures, in the words of their protocol; all else is refused here.
 */
export const lockPort = (app: FastifyInstance, { admit, openProbes }: PortLock): void => {
  app.addHook("onRequest", (request, reply, next) => {
    const admission = admit(request.raw);
    setAdmission(request, admission);
    const { asksAdmission, isProbe, scope } = request.routeOptions.config as LockedRoute;
    if (asksAdmission || (isProbe && openProbes)) return next();
    if ("refused" in admission) return refuseRequest(request, reply, admission.refused);
    if (scope !== undefined && !hasScope(admission.operator, scope))
      return refuseRequest(
        request,
        reply,
        serviceError("SCOPE_REQUIRED", { explain: `The scope ${scope} is missing.`, details: { scope } }),
      );
    next();
  });
};

/** Refuses a request before its route is asked, in the words of its protocol. */
export const refuseRequest = (request: FastifyRequest, reply: FastifyReply, refused: Error): void => {
  const error = refused instanceof ServiceError ? refused : serviceError("OPERATOR_UNKNOWN");
  const type = request.headers["content-type"];
  const wire = isRpcPath(request.url) ? (findWire(type) ?? findStreamWire(type)) : undefined;
  dropRest(request.raw);
  if (wire !== undefined) {
    reply.hijack();
    wire.sendError(reply.raw, { "x-request-id": request.id }, toConnectError(error));
    return;
  }
  reply
    .code(error.row.status)
    .headers({ ...error.parts.headers, "cache-control": "private, no-cache, no-store, must-revalidate" })
    .header("content-type", "application/json")
    .send(Buffer.from(JSON.stringify({ error: errorObject(error, request.headers["x-request-id"]) })));
};

/** `/package.Service/Method`: no path of REST has a dot in its first part. */
const isRpcPath = (url: string): boolean => /^\/[\w.]+\.\w+\/\w+$/.test(url);
