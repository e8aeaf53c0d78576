import type { Deletion } from "../../../gen/ostiary/account/v1/deletion_pb.ts";
import type { PlannedDeletion } from "../../identity/deletions.ts";
import { timestamp } from "../../lib/timestamp.ts";

/** Renders a pending deletion. */
export const renderDeletion = ({ requestedAt, dueAt, requestedBy }: PlannedDeletion): Deletion => ({
  $typeName: "ostiary.account.v1.Deletion",
  requestedAt: timestamp(requestedAt),
  dueAt: timestamp(dueAt),
  requestedBy,
});
