import { UiTextType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { StoredMessage } from "../../ui/stored-message.ts";

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

/** Whether something of the last submit was wrong. */
export const hasErrors = ({ form }: Pick<ViewedFlow, "form">): boolean =>
  form.messages.some(({ text }) => text.type === UiTextType.ERROR);
