import type {
  InviteIdentityRequest,
  InviteIdentityResponse,
} from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { findLanguage, localeOf } from "../../courier/locale.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import { mustBeReadable } from "../../errors/must-be-readable.ts";
import { serviceError } from "../../errors/service-error.ts";
import { apply } from "../../identity/apply.ts";
import { blankIdentity } from "../../identity/blank.ts";
import { channelOf, isReachable } from "../../identity/channel.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Invitation } from "../../identity/invitations.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4, uuid7 } from "../../lib/ids.ts";
import { valueJson } from "../../lib/proto-json.ts";
import { alreadyExists, creationOf } from "../identities/create.ts";
import { operatorOf } from "../identities/operator-of.ts";
import { mustBeSchema, mustFit } from "../identities/traits.ts";
import type { InvitationAdminDeps } from "./deps.ts";
import { expiryOf } from "./expiry.ts";
import { renderInvitation } from "./render.ts";

/** Invites somebody: makes their identity and sends them the link, or neither. */
export const createInvite = (deps: InvitationAdminDeps) => {
  const { config, returnTo, schemas, sending } = deps;
  const { audit } = deps.trail;
  const { clock, db, identities, invitations } = deps.storage;

  /** @throws INVALID_FIELD */
  const create = (request: InviteIdentityRequest, now: Date): IdentityRecord => {
    const schema = request.schemaId === "" ? schemas.default : mustBeSchema(schemas, request.schemaId);
    const { metadataPublic, metadataAdmin } = request;
    const change = {
      traits: mustFit(schema, request.traits ?? {}),
      ...(metadataPublic && { metadataPublic: valueJson(metadataPublic) }),
      ...(metadataAdmin && { metadataAdmin: valueJson(metadataAdmin) }),
    };
    return apply(blankIdentity(uuid7(now), schema.id, now), change, { now, newId: uuid4 });
  };

  /** Where the message goes. @throws INVALID_FIELD */
  const addressOf = ({ verifiable }: IdentityRecord, wanted: string): Pick<Invitation, "via" | "address"> => {
    const reachable = verifiable.filter(({ via }) => isReachable(via, sending.takesPhoneNumbers));
    const name = wanted.trim().toLowerCase();
    const found = name === "" ? reachable[0] : reachable.find(({ value }) => value.toLowerCase() === name);
    if (found !== undefined) return { via: channelOf(found.via), address: found.value };
    throw serviceError("INVALID_FIELD", {
      field: wanted === "" ? "traits" : "address",
      explain:
        wanted === ""
          ? "The traits have no address that a message can be sent to and that can be verified."
          : "This is none of the addresses in the traits that can be verified.",
    });
  };

  return async (request: InviteIdentityRequest, call: Call): Promise<InviteIdentityResponse> => {
    mustBeReadable(call);
    const now = clock.now();
    const expiresAt = expiryOf(request.expiresIn, config, now);
    const made = create(request, now);
    const target = addressOf(made, request.address);
    const identity = apply(made, { sent: [{ via: target.via, value: target.address }] }, { now, newId: uuid4 });
    const invitation: Invitation = {
      ...target,
      identityId: identity.id,
      locale: findLanguage(request.language) ?? localeOf(call.headers),
      returnTo: returnTo.mustShow(request.returnTo),
      createdAt: now,
      sentAt: now,
      expiresAt,
      acceptedAt: undefined,
    };
    try {
      await db.transaction(async (tx) => {
        await identities.insert(tx, identity, {});
        await audit.record(tx, creationOf(identity, call), call);
        const token = await invitations.insert(tx, invitation);
        await sending.send(tx, { invitation, token }, identity);
        const detail = { via: target.via, ...operatorOf(call) };
        const event = { type: "invitation.sent", outcome: "done", detail } as const;
        await audit.record(tx, { identityId: identity.id, sessionId: undefined, ...event }, call);
      });
    } catch (error) {
      throw isDuplicate(error) ? alreadyExists() : error;
    }
    sending.wake();
    return {
      $typeName: "ostiary.account.v1.InviteIdentityResponse",
      invitation: renderInvitation(invitation, now),
    };
  };
};
