import type {
  ListInvitationsRequest,
  ListInvitationsResponse,
  ResendInvitationRequest,
  ResendInvitationResponse,
  RevokeInvitationRequest,
  RevokeInvitationResponse,
} from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { type Invitation, isReadable, type StoredInvitation } from "../../identity/invitations.ts";
import type { Call } from "../../lib/call.ts";
import { cutPage } from "../../lib/cut-page.ts";
import { parseUuid } from "../../lib/ids.ts";
import { operatorOf } from "../identities/operator-of.ts";
import { createPageTokens } from "../identities/page-token.ts";
import type { InvitationAdminDeps } from "./deps.ts";
import { expiryOf } from "./expiry.ts";
import { renderInvitation } from "./render.ts";

const DEFAULT_PAGE = 250;
const LARGEST_PAGE = 500;

/** Lists invitations, sends them again, revokes them. */
export const createAdministerInvitations = (deps: InvitationAdminDeps) => {
  const { accounts, config, sending } = deps;
  const { audit, log } = deps.trail;
  const { clock, db, identities, invitations } = deps.storage;
  const pages = createPageTokens(deps.pages);

  /** With the person's row locked until the end of the transaction. @throws NOT_FOUND */
  const mustFind = async (tx: Sql, id: string) => {
    if (parseUuid(id) === undefined) throw noInvitation();
    const identity = await identities.findForUpdate(tx, id);
    const invitation = identity && (await invitations.find(tx, id));
    if (identity === undefined || invitation === undefined) throw noInvitation();
    return { identity, invitation };
  };

  /** Whether somebody has what signs in to it, or has signed in to it without proving an address. */
  const isInUse = async (tx: Sql, identity: IdentityRecord): Promise<boolean> =>
    accounts.hasFirstFactor(identity) || (await accounts.hasSession(tx, identity.id));

  const warnOfUnreadable = (found: readonly StoredInvitation[]): void => {
    const identities = found.filter((each) => !isReadable(each)).map(({ identityId }) => identityId);
    if (identities.length > 0)
      log.warn({ identities }, "invitations cannot be decrypted: no secret of secrets.cipher fits them");
  };

  const listInvitations = async (request: ListInvitationsRequest): Promise<ListInvitationsResponse> => {
    const size = Math.min(request.pageSize === 0 ? DEFAULT_PAGE : request.pageSize, LARGEST_PAGE);
    const found = await invitations.list(db, pages.read(request.pageToken), size + 1);
    const { page, nextPageToken } = cutPage(found, size, ({ identityId }) => pages.write(identityId));
    const now = clock.now();
    warnOfUnreadable(page);
    return {
      $typeName: "ostiary.account.v1.ListInvitationsResponse",
      invitations: page.map((invitation) => renderInvitation(invitation, now)),
      nextPageToken,
    };
  };

  const resendInvitation = async (request: ResendInvitationRequest, call: Call): Promise<ResendInvitationResponse> => {
    const now = clock.now();
    const expiresAt = expiryOf(request.expiresIn, config, now);
    const sent = await db.transaction(async (tx): Promise<Invitation> => {
      const { identity, invitation: before } = await mustFind(tx, request.identityId);
      // Where it would be sent to is not known any more.
      if (!isReadable(before)) throw noInvitation();
      if (before.acceptedAt !== undefined && accounts.hasFirstFactor(identity)) throw noInvitation();
      const invitation: Invitation = { ...before, sentAt: after(before.acceptedAt, now), expiresAt };
      const token = await invitations.renew(tx, invitation);
      await sending.send(tx, { invitation, token }, identity);
      const detail = { via: invitation.via, ...operatorOf(call) };
      const event = { type: "invitation.sent", outcome: "done", detail } as const;
      await audit.record(tx, { identityId: identity.id, sessionId: undefined, ...event }, call);
      return invitation;
    });
    sending.wake();
    return {
      $typeName: "ostiary.account.v1.ResendInvitationResponse",
      invitation: renderInvitation(sent, now),
    };
  };

  const revokeInvitation = async (
    { identityId: id }: RevokeInvitationRequest,
    call: Call,
  ): Promise<RevokeInvitationResponse> => {
    await db.transaction(async (tx) => {
      const { identity, invitation } = await mustFind(tx, id);
      if (invitation.acceptedAt === undefined && !(await isInUse(tx, identity))) {
        await accounts.erase(tx, identity.id, { call, detail: operatorOf(call) });
        return;
      }
      await invitations.remove(tx, identity.id);
      const event = { type: "invitation.revoked", outcome: "done", detail: operatorOf(call) } as const;
      await audit.record(tx, { identityId: identity.id, sessionId: undefined, ...event }, call);
    });
    return { $typeName: "ostiary.account.v1.RevokeInvitationResponse" };
  };

  return { listInvitations, resendInvitation, revokeInvitation };
};

/** Now, or a millisecond after another moment that is not over. */
const after = (moment: Date | undefined, now: Date): Date =>
  moment === undefined || moment < now ? now : new Date(moment.getTime() + 1);

const noInvitation = () =>
  serviceError("NOT_FOUND", { explain: "There is no invitation of this identity that could be sent or revoked." });
