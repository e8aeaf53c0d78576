import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import type { CreatedVerification } from "../../hooks/phases.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import type { ChallengeMethod } from "../../methods/contract/challenge.ts";
import type { Address } from "../../schema/addresses.ts";
import type { ChallengeFlowDeps } from "../challenge/deps.ts";
import { createQueueChallenge } from "../challenge/send.ts";
import { sealSent } from "../challenge/sent-challenge.ts";
import { type FlowRecord, returnToContext } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import { newVerificationFlow } from "./create.ts";
import type { VerificationParts } from "./deps.ts";

/** What beginning a verification for another flow needs. */
export interface BeginDeps extends ChallengeFlowDeps {
  readonly verification: Pick<VerificationParts, "config" | "methods" | "hidesAccounts">;
}

/** A verification that begins by itself, because an account has or wants a new address. */
export interface BegunVerification extends Pick<FlowRecord, "type" | "requestUrl"> {
  /** Where the person goes on afterwards; it was checked before. */
  readonly returnTo: string | undefined;
  readonly call: Call;
  readonly owner: IdentityRecord;
  readonly address: Address;
  readonly transientPayload: JsonObject | undefined;
  /** The anti-CSRF secret that the browser gets with the answer, where that is another one. */
  readonly nextSecret?: Buffer | undefined;
  /** What takes effect with it, where the account has the address not yet. */
  readonly pendingId?: string;
  /** Nothing is sent, and nothing proves it: the answer is that of any other. */
  readonly isSilent?: boolean;
}

/** Writes a verification flow in which a message was sent already, and queues that. */
export type BeginVerification = (tx: Sql, verification: BegunVerification) => Promise<CreatedVerification>;

/** Creates it. Beyond the limit of messages the flow is the same, and none is sent. */
export const createBegin = (deps: BeginDeps): BeginVerification => {
  const {
    storage: { flows },
    sessions: { csrf },
    destinations: { urls },
    forms: { sealedContext },
    challenge: { challenges },
    verification: { config, methods },
  } = deps;
  const queueChallenge = createQueueChallenge(deps);
  const method: ChallengeMethod = methods[config.use];

  return async (tx, verification) => {
    const { type, requestUrl, returnTo, call, owner, address, transientPayload, nextSecret } = verification;
    const { pendingId, isSilent = false } = verification;
    const csrfDigest = type === "browser" ? csrf.digest(nextSecret ?? csrf.ensure(call)) : undefined;
    const fresh = newVerificationFlow(deps, { type, requestUrl, csrfDigest, context: returnToContext(returnTo) });
    const { sent, issued } = await challenges.start(tx, {
      flow: fresh,
      kind: method,
      address,
      identity: owner,
      call,
      isVoid: isSilent,
      before: [],
    });
    await flows.insert(tx, {
      ...fresh,
      subjectId: owner.id,
      state: "sent_email",
      active: method.name,
      form: formOf([{ node: "", text: method.sent(address.via) }], { email: address.value }),
      context: sealSent(sealedContext, fresh, method.name, { ...sent, pendingId }),
    });
    if (issued && !isSilent)
      await queueChallenge(tx, {
        flow: fresh,
        kind: "verification",
        method,
        address,
        call,
        issued,
        owner,
        transientPayload,
        linkBase: deps.challenge.linkBase,
      });
    return { flowId: fresh.id, address: address.value, url: urls.pageOf(fresh) };
  };
};
