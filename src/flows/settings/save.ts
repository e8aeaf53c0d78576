import type { Prepared, ShownValues } from "../../methods/method.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { usedAlready } from "../arriving.ts";
import type { Attempt } from "./attempt.ts";
import type { SettingsDeps } from "./deps.ts";
import { finalUrl, presentOutcome, type SettingsOutcome } from "./outcome.ts";
import { persist } from "./persist.ts";
import { reject } from "./reject.ts";

/** What saving needs to know of the submit that it ends. */
interface Saving {
  /** Whether the change is the parked one: it is applied exactly once. */
  readonly resumes?: boolean;
  /** What was typed, in case an identifier is taken. */
  readonly shown?: ShownValues | undefined;
}

/** Writes a change that was prepared, and presents how it ended. Undefined: another request came between, begin again. */
export const save = async (
  deps: SettingsDeps,
  attempt: Attempt,
  method: string,
  prepared: Prepared,
  { resumes = false, shown }: Saving = {},
): Promise<SettingsOutcome | undefined> => {
  // Before anything is written: configuration may have changed since the flow began.
  const destination = finalUrl(deps, attempt, method);
  const persisted = await persist(deps, attempt, method, prepared, resumes);
  switch (persisted.kind) {
    case "saved":
      return presentOutcome(deps, { ...attempt, flow: persisted.flow, caller: persisted.caller }, { kind: "saved", destination });
    case "taken": {
      const { active, event } = prepared;
      const wrong = [{ node: "", text: uiText(messages.identifierTaken) }];
      throw await reject(deps, attempt, { messages: wrong, ...(shown && { shown }), ...(active !== undefined && { active }) }, event);
    }
    case "used":
      throw await reject(deps, attempt, usedAlready, prepared.event);
    case "gone":
    case "conflict":
      return undefined;
  }
};
