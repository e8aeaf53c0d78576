import type { Invitation as InvitationMessage } from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { isOpen, isReadable, type StoredInvitation } from "../../identity/invitations.ts";
import { timestamp } from "../../lib/timestamp.ts";

/** An invitation as operators see it, at a moment. Channel and address are empty where they cannot be decrypted. */
export const renderInvitation = (invitation: StoredInvitation, now: Date): InvitationMessage => {
  const { identityId, createdAt, sentAt, expiresAt } = invitation;
  const { via, address } = isReadable(invitation) ? invitation : { via: "", address: "" };
  const acceptedAt = isOpen(invitation) ? undefined : invitation.acceptedAt;
  return {
    $typeName: "ostiary.account.v1.Invitation",
    identityId,
    via,
    address,
    status: acceptedAt !== undefined ? "accepted" : expiresAt > now ? "pending" : "expired",
    createdAt: timestamp(createdAt),
    sentAt: timestamp(sentAt),
    expiresAt: timestamp(expiresAt),
    ...(acceptedAt !== undefined && { acceptedAt: timestamp(acceptedAt) }),
  };
};
