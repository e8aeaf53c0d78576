import {
  type Dispatch,
  DispatchStatus,
  type Message,
  MessageStatus,
  MessageType,
} from "../../../gen/ostiary/courier/v1/message_pb.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { DispatchRecord, MessageRecord, MessageStatus as Status } from "../message.ts";
import { isReadable, type RenderMessage } from "../render.ts";

/** Statuses of messages, by the name that their rows have for them. */
export const statuses: Readonly<Record<Status, MessageStatus>> = {
  queued: MessageStatus.QUEUED,
  processing: MessageStatus.PROCESSING,
  sent: MessageStatus.SENT,
  abandoned: MessageStatus.ABANDONED,
};

/** Stands in the place of what nobody but the recipient may read. */
const redacted = "<not shown outside of development>";

/** Renders a message for operators. */
export type RenderMessageRecord = (record: MessageRecord, withDispatches: boolean) => Message;

/** Creates it. `render` is given in development alone: there, what messages say is shown for as long as it is there. */
export const createRenderMessageRecord =
  (render: RenderMessage | undefined): RenderMessageRecord =>
  (record, withDispatches) => {
    const { subject, text } = contentOf(record, render);
    return {
      $typeName: "ostiary.courier.v1.Message",
      id: record.id,
      status: statuses[record.status],
      type: record.channel === "sms" ? MessageType.SMS : MessageType.EMAIL,
      recipient: record.recipient,
      body: text,
      subject,
      templateType: record.template,
      channel: record.channel,
      sendCount: record.sendCount,
      dispatches: withDispatches ? record.dispatches.map((dispatch) => renderDispatch(record.id, dispatch)) : [],
      createdAt: timestamp(record.createdAt),
      updatedAt: timestamp(record.updatedAt),
    };
  };

const contentOf = (record: MessageRecord, render: RenderMessage | undefined) =>
  render !== undefined && isReadable(record) ? render(record) : { subject: redacted, text: redacted };

const renderDispatch = (messageId: string, { id, status, error, created_at }: DispatchRecord): Dispatch => ({
  $typeName: "ostiary.courier.v1.Dispatch",
  id,
  messageId,
  status: status === "success" ? DispatchStatus.SUCCESS : DispatchStatus.FAILED,
  ...(error !== undefined && { error }),
  createdAt: timestamp(created_at),
  updatedAt: timestamp(created_at),
});
