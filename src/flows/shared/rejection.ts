import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type FormMessage as FormMessageProto, FormRejectedSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { detail, type ServiceError, serviceError } from "../../errors/service-error.ts";
import { readMessage } from "../../ui/stored-message.ts";
import type { FlowRecord } from "./flow.ts";

/**
 * A form that does not hold, as an error: REST answers the form itself with
 * 400, browsers go back to its page, the other protocols get FormRejected and call
 * GetFlow.
 *
 * @param location the form's page; undefined for native apps
 */
export const formRejected = <Desc extends DescMessage>(
  desc: Desc,
  form: MessageShape<Desc>,
  flow: FlowRecord,
  location: string | undefined,
): ServiceError => {
  const messages = flow.form.messages.map(
    (stored): FormMessageProto => ({ $typeName: "ostiary.errors.v1.FormMessage", ...readMessage(stored) }),
  );
  return serviceError("FORM_REJECTED", {
    explain: messages
      .map((m) => (m.node === "" ? (m.text?.text ?? "") : `${m.node}: ${m.text?.text ?? ""}`))
      .join("; "),
    form: detail(desc, form),
    typed: [
      detail(FormRejectedSchema, {
        $typeName: "ostiary.errors.v1.FormRejected",
        flowId: flow.id,
        messages,
        flowKind: flow.kind,
      }),
    ],
    location,
  });
};
