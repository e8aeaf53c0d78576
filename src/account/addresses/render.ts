import type { PendingAddress as Rendered } from "../../../gen/ostiary/address/v1/address_service_pb.ts";
import type { PendingAddress } from "../../identity/pending-addresses.ts";
import { timestamp } from "../../lib/timestamp.ts";

/** Renders a pending address, as its owner and operators see it. */
export const renderPendingAddress = ({ id, via, value, createdAt, expiresAt }: PendingAddress): Rendered => ({
  $typeName: "ostiary.address.v1.PendingAddress",
  id,
  via,
  value,
  createdAt: timestamp(createdAt),
  expiresAt: timestamp(expiresAt),
});
