import type { Merge } from "../../../gen/ostiary/account/v1/merge_pb.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { ExaminedMerge } from "./examine.ts";
import type { OfferedMerge } from "./offers.ts";

/** Renders what a merge does. */
export const renderMerge = (
  { etag, from, items, refusals }: ExaminedMerge,
  { record: { expiresAt } }: OfferedMerge,
): Merge => ({
  $typeName: "ostiary.account.v1.Merge",
  identityId: from.id,
  items: items.map(({ kind, name, lost }) => ({
    $typeName: "ostiary.account.v1.MergeItem",
    kind,
    name,
    comes: lost === undefined,
    reason: lost ?? "",
  })),
  refusals: [...refusals],
  etag,
  expiresAt: timestamp(expiresAt),
});

/** The session has no pending merge. */
export const nothingOffered = (): ServiceError =>
  serviceError("NOT_FOUND", {
    explain:
      "No account is offered to this session: it was not offered yet, the offer has expired, or the session " +
      "that made it is over.",
  });
