import type { UpdateFlowBody } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { fail } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { ElsewhereAnswer, ExchangeCodes } from "../../methods/elsewhere.ts";
import { type Rejected, rejected, type SettingsElsewhere } from "../../methods/method.ts";
import { isPrivileged } from "../../session/session.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { readMessage } from "../../ui/stored-message.ts";
import type { Trip } from "../elsewhere.ts";
import type { FlowRecord } from "../flow.ts";
import { type Attempt, viewOf } from "./attempt.ts";
import type { SettingsDeps } from "./deps.ts";
import { loadAndCheck, mustBeMethod, onFreshIdentity } from "./load.ts";
import type { SettingsOutcome } from "./outcome.ts";
import { park, refreshRequired } from "./park.ts";
import { reject } from "./reject.ts";
import { save } from "./save.ts";

/** The ends of a change that was proven elsewhere. */
export interface SettingsFinish {
  /** A browser came back. The session must be the one that it left with, and still recent enough. */
  finish(trip: Trip, answer: ElsewhereAnswer, call: Call): Promise<SettingsOutcome>;
  /** An app brings the codes of an answer that waits for it. Undefined: begin again. */
  complete(attempt: Attempt, method: string, codes: ExchangeCodes): Promise<SettingsOutcome | undefined>;
}

/** Creates the ends: privileged → arrive → one transaction → present, as for any other change. */
export const createFinish = (deps: SettingsDeps): SettingsFinish => {
  const { clock, config, continuations, db, elsewhere } = deps;
  const isRecent = ({ caller }: Attempt) => isPrivileged(caller.session, config.privileged_session_max_age, clock.now());

  const finish: SettingsFinish["finish"] = async ({ record, ...trip }, answer, call) => {
    const left = await loadAndCheck(deps, record.flowId, call);
    if (!isOf(record, left)) throw fail("IDENTITY_MISMATCH", { explain: "The answer belongs to another session. Start again with this one." });
    const { method, back } = mustComeBack(deps, record.method);
    // The change is asked for again after signing in: what the provider said is not kept that long.
    const body = { ...emptyBody, method: { case: method.name, value: back.again(trip.memory) } } as UpdateFlowBody;
    if (!isRecent(left)) throw await park(deps, left, body);
    await elsewhere.take({ record, ...trip });
    const received = await back.receive(trip.memory, answer, call);
    if (received.kind === "rejected") throw await reject(deps, left, received, received.event);

    return onFreshIdentity(async () => {
      const attempt = await loadAndCheck(deps, record.flowId, call);
      if (!isRecent(attempt)) throw await park(deps, attempt, body);
      const arrived = await back.arrive(received.received, viewOf(deps, attempt), call);
      if (arrived.kind === "rejected") throw await reject(deps, attempt, arrived, arrived.event);
      return save(deps, attempt, method.name, arrived);
    });
  };

  const complete: SettingsFinish["complete"] = async (attempt, name, codes) => {
    const { back } = mustComeBack(deps, name);
    const found = await elsewhere.fetch(codes, async ({ flowId }): Promise<FlowRecord | undefined> => (flowId === attempt.flow.id ? attempt.flow : undefined));
    if (found === undefined || !isOf(found.record, attempt)) throw await reject(deps, attempt, nothingWaits);
    // The codes stay good: the app brings them again once the person has signed in.
    if (!isRecent(attempt)) throw refreshRequired(deps, attempt);
    const { received, record } = found;
    if (received === undefined) {
      await continuations.take(db, record);
      throw await reject(deps, attempt, rejected(attempt.flow.form.messages.map(readMessage)));
    }
    const arrived = await back.arrive(received, viewOf(deps, attempt), attempt.call);
    if (arrived.kind === "rejected") throw await reject(deps, attempt, arrived, arrived.event);
    return save(deps, attempt, name, { ...arrived, claim: (tx) => continuations.take(tx, record) });
  };

  return { finish, complete };
};

const isOf = (record: Trip["record"], { caller, flow }: Attempt): boolean =>
  record.flowId === flow.id && record.sessionId === caller.session.id && record.identityId === caller.identity.id;

const mustComeBack = (deps: SettingsDeps, name: string) => {
  const method = mustBeMethod(deps, name);
  const back: SettingsElsewhere | undefined = method.elsewhere;
  if (back === undefined) throw fail("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
  return { method, back };
};

const nothingWaits: Rejected = rejected([
  { node: "", text: uiText(messages.invalid, { reason: "These codes do not belong together, were used already, or came too late. Please start again." }) },
]);

const emptyBody: Omit<UpdateFlowBody, "method"> = { $typeName: "ostiary.settings.v1.UpdateFlowBody", csrfToken: "" };
