import type { Invitation as InvitationMessage } from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import type { Invitation } from "../../identity/invitations.ts";
import { timestamp } from "../../lib/timestamp.ts";

/** An invitation as operators see it, at a moment. */
export const renderInvitation = (
  { identityId, via, address, createdAt, sentAt, expiresAt, acceptedAt }: Invitation,
  now: Date,
): InvitationMessage => ({
  $typeName: "ostiary.account.v1.Invitation",
  identityId,
  via,
  address,
  status: acceptedAt !== undefined ? "accepted" : expiresAt > now ? "pending" : "expired",
  createdAt: timestamp(createdAt),
  sentAt: timestamp(sentAt),
  expiresAt: timestamp(expiresAt),
  ...(acceptedAt !== undefined && { acceptedAt: timestamp(acceptedAt) }),
});
