import { UiTextType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { StoredMessage } from "../../ui/stored-message.ts";

/** The state of a flow that can be used once and was. */
export const COMPLETED = "passed_challenge";

/** What a login or registration method sees of the flow itself. */
export interface ViewedFlow {
  readonly id: string;
  readonly type: "browser" | "api";
  /** As clients know it: `choose_method`, `sent_email`, `passed_challenge`. */
  readonly state: string;
  readonly requestUrl: string;
  /** What the form says since the last submit. */
  readonly form: { readonly messages: readonly StoredMessage[] };
}

/** Whether a message with a code or link was sent that is to be submitted. */
export const isMessageSent = ({ state }: Pick<ViewedFlow, "state">): boolean => state === "sent_email";

/** Whether a flow that can be used once was: nothing of it is written any more. */
export const isCompleted = ({ state }: Pick<ViewedFlow, "state">): boolean => state === COMPLETED;

/** Whether something of the last submit was wrong. */
export const hasErrors = ({ form }: Pick<ViewedFlow, "form">): boolean =>
  form.messages.some(({ text }) => text.type === UiTextType.ERROR);
