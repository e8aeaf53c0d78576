import {
  CourierAdminService,
  type GetMessageRequest,
  type GetMessageResponse,
  type ListMessagesRequest,
  type ListMessagesResponse,
} from "../../../gen/ostiary/courier/v1/courier_admin_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { mustBeUuid } from "../../errors/must-be-uuid.ts";
import { readIdToken } from "../../errors/read-id-token.ts";
import { serviceError } from "../../errors/service-error.ts";
import { cutPage } from "../../lib/cut-page.ts";
import type { TextAead } from "../../lib/keyring.ts";
import { defineService } from "../../lib/service.ts";
import type { MessageStatus } from "../message.ts";
import type { MessageStore } from "../store.ts";
import { type RenderMessageRecord, statuses } from "./render-message-record.ts";

/** What the RPCs about messages need. */
export interface CourierAdminDeps {
  readonly db: Sql;
  readonly messages: MessageStore;
  readonly render: RenderMessageRecord;
  /** Seals page tokens. */
  readonly pages: TextAead;
}

const DEFAULT_PAGE = 10;
const LARGEST_PAGE = 500;

/** Creates the CourierAdminService. */
export const createCourierAdminService = ({ db, messages, render, pages }: CourierAdminDeps) => {
  const listMessages = async (request: ListMessagesRequest): Promise<ListMessagesResponse> => {
    const size = Math.min(LARGEST_PAGE, request.pageSize || DEFAULT_PAGE);
    const found = await messages.list(db, {
      status: statusOf(request),
      recipient: request.recipient === "" ? undefined : request.recipient,
      before: readIdToken(pages, request.pageToken),
      limit: size + 1,
    });
    const { page, nextPageToken } = cutPage(found, size, ({ id }) => pages.seal(id));
    return {
      $typeName: "ostiary.courier.v1.ListMessagesResponse",
      messages: page.map((record) => render(record, false)),
      nextPageToken,
    };
  };

  const getMessage = async ({ id }: GetMessageRequest): Promise<GetMessageResponse> => {
    const record = await messages.find(db, mustBeUuid(id, "id"));
    if (record === undefined) throw serviceError("NOT_FOUND");
    return { $typeName: "ostiary.courier.v1.GetMessageResponse", message: render(record, true) };
  };

  return defineService(CourierAdminService, { listMessages: { run: listMessages }, getMessage: { run: getMessage } });
};

const statusOf = ({ status }: ListMessagesRequest): MessageStatus | undefined =>
  (Object.keys(statuses) as MessageStatus[]).find((name) => statuses[name] === status);
