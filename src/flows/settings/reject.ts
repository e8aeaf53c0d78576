import { SettingsFlowSchema } from "../../../gen/ostiary/settings/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { ShownValues } from "../../methods/method.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { formOf, withForm } from "../form.ts";
import { formRejected } from "../rejection.ts";
import type { Attempt } from "./attempt.ts";
import type { SettingsDeps } from "./deps.ts";

/**
 * Saves the form with what is wrong, and gives the error that says so. The
 * state goes back to `show_form`, and what was parked before is replaced by
 * this submit (precedence 4 and 6).
 */
export const reject = async (
  deps: SettingsDeps,
  { caller, flow, parked, call }: Attempt,
  messages: readonly FormMessage[],
  shown?: ShownValues,
): Promise<ServiceError> => {
  const { db, clock, continuations, csrf, flows, present, urls } = deps;
  const saved = withForm(flow, formOf(messages, shown), clock.now(), "show_form");
  await flows.save(db, saved);
  if (parked) await continuations.take(db, parked);
  return formRejected(SettingsFlowSchema, present(saved, caller, csrf.tokenFor(call, flow.type)), saved, urls.pageOf(saved));
};
