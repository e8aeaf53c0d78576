import type {
  CreateRecoveryCodeRequest,
  CreateRecoveryCodeResponse,
  CreateRecoveryLinkRequest,
  CreateRecoveryLinkResponse,
} from "../../../gen/ostiary/recovery/v1/recovery_admin_service_pb.ts";
import { RecoveryAdminService } from "../../../gen/ostiary/recovery/v1/recovery_admin_service_pb.ts";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { mustBeLifespan } from "../../errors/must-be-lifespan.ts";
import { mustBeUuid } from "../../errors/must-be-uuid.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { defineService } from "../../lib/service.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { RecoveryMethod } from "../../methods/contract/recovery.ts";
import { messageLink } from "../challenge/message-link.ts";
import { sealSent } from "../challenge/sent-challenge.ts";
import { type FlowRecord, returnToContext } from "../shared/flow.ts";
import { methodDisabled } from "../shared/must-be-method.ts";
import { requestUrlOf } from "../shared/request.ts";
import { operatorMadeContext } from "./context.ts";
import { mustBeEnabled, newRecoveryFlow } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";

/** A secret that an operator gives to a person. */
interface Made {
  readonly flow: FlowRecord;
  readonly secret: string;
  readonly expiresAt: Date;
}

/** Creates the RecoveryAdminService: codes and links that an operator hands to a person. */
export const createRecoveryAdminService = (deps: RecoveryDeps) => {
  const {
    storage: { clock, db, flows, identities },
    trail: { audit },
    destinations: { returnTo, urls },
    forms: { sealedContext },
    challenge: { challenges, linkBase },
    recovery: { config, methods },
  } = deps;

  /** @throws METHOD_DISABLED */
  const mustBeMethod = (method: RecoveryMethod): RecoveryMethod => {
    mustBeEnabled(config);
    if (method.enabled) return method;
    throw methodDisabled(method.name);
  };

  /** @throws INVALID_FIELD */
  const mustFind = async (id: string, absent: () => ServiceError): Promise<IdentityRecord> => {
    const found = id === "" ? undefined : await identities.find(db, mustBeUuid(id, "identity_id"));
    if (found === undefined) throw absent();
    return found;
  };

  const make = async (
    method: RecoveryMethod,
    identity: IdentityRecord,
    lifespan: number,
    parts: Pick<FlowRecord, "type" | "context">,
    call: Call,
    absent: () => ServiceError,
  ): Promise<Made> => {
    const requestUrl = requestUrlOf(call, urls.init("recovery", parts.type));
    const begun = newRecoveryFlow(deps, { ...parts, requestUrl, csrfDigest: undefined });
    const { issued, sent } = challenges.handOver(begun, method, identity, lifespan);
    const flow: FlowRecord = {
      ...begun,
      subjectId: identity.id,
      state: "sent_email",
      active: method.name,
      expiresAt: new Date(clock.now().getTime() + Math.max(lifespan, config.lifespan)),
      context: sealSent(sealedContext, begun, method.name, sent),
    };
    await db.transaction(async (tx) => {
      if (!(await identities.tryLock(tx, identity.id))) throw absent();
      await flows.insert(tx, flow);
      const event = { type: "recovery.created", outcome: "done", detail: { method: method.name } } as const;
      await audit.record(tx, { identityId: identity.id, sessionId: undefined, ...event }, call);
    });
    return { flow, secret: issued.secret, expiresAt: issued.expiresAt };
  };

  const createRecoveryCode = async (
    request: CreateRecoveryCodeRequest,
    call: Call,
  ): Promise<CreateRecoveryCodeResponse> => {
    const method = mustBeMethod(methods.code);
    const lifespan = lifespanOf(request.expiresIn, method);
    const absent = () => serviceError("NOT_FOUND", { explain: "There is no identity with this id." });
    const identity = await mustFind(request.identityId, absent);
    const type = request.flowType === FlowType.API ? "api" : "browser";
    const { flow, secret, expiresAt } = await make(
      method,
      identity,
      lifespan,
      { type, context: operatorMadeContext },
      call,
      absent,
    );
    return {
      $typeName: "ostiary.recovery.v1.CreateRecoveryCodeResponse",
      recoveryLink: urls.page("recovery", flow.id),
      recoveryCode: secret,
      expiresAt: timestamp(expiresAt),
    };
  };

  const createRecoveryLink = async (
    request: CreateRecoveryLinkRequest,
    call: Call,
  ): Promise<CreateRecoveryLinkResponse> => {
    const method = mustBeMethod(methods.link);
    const { identityId = "", expiresIn = "" } = request.body ?? {};
    const lifespan = lifespanOf(expiresIn, method);
    const allowed = returnTo.mustShow(request.returnTo);
    const absent = () =>
      serviceError("INVALID_FIELD", { field: "identity_id", explain: "There is no identity with this id." });
    const identity = await mustFind(identityId, absent);
    const context = returnToContext(allowed);
    const { flow, secret, expiresAt } = await make(
      method,
      identity,
      lifespan,
      { type: "browser", context },
      call,
      absent,
    );
    const target = { kind: "recovery", method: method.name, flowId: flow.id, linkBase } as const;
    return {
      $typeName: "ostiary.recovery.v1.CreateRecoveryLinkResponse",
      recoveryLink: messageLink(urls, target, secret),
      expiresAt: timestamp(expiresAt),
    };
  };

  return defineService(RecoveryAdminService, {
    createRecoveryCode: { run: createRecoveryCode },
    createRecoveryLink: { run: createRecoveryLink },
  });
};

/** Milliseconds. @throws INVALID_FIELD */
const lifespanOf = (text: string, method: RecoveryMethod): number =>
  text === "" ? method.lifespan : mustBeLifespan(text, "30m");
