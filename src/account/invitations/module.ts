import { InvitationAdminService } from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { InvitationService } from "../../../gen/ostiary/account/v1/invitation_service_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { createInvitations } from "../../identity/invitations.ts";
import { digestOf } from "../../lib/digest.ts";
import { createKeyring } from "../../lib/keyring.ts";
import { defineService } from "../../lib/service.ts";
import { countFirstFactors } from "../../methods/contract/credential.ts";
import { createSessionDirectory } from "../../session/directory.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import type { AccountDeps } from "../deps.ts";
import { createAccept } from "./accept.ts";
import { createAdministerInvitations } from "./administer.ts";
import type { InvitationAdminDeps, InvitationStorage } from "./deps.ts";
import { createInvite } from "./invite.ts";
import { createSendInvitation } from "./send.ts";

/** Creates invitations: what operators do about them, and what somebody does who was invited. */
export const createInvitationServices = (deps: AccountDeps) => {
  const { config, methods, schemas } = deps;
  const { settingsSignIn } = deps.flows;
  const { audit, courier, messages } = deps.trail;
  const directory = createSessionDirectory();
  const storage: InvitationStorage = { ...deps.storage, invitations: createInvitations(deps.storage) };
  const admin: InvitationAdminDeps = {
    storage,
    trail: deps.trail,
    config: config.account.invitation,
    schemas,
    returnTo: settingsSignIn.destinations.returnTo,
    sending: {
      send: createSendInvitation({ config: config.account.invitation, courier, messages }),
      wake: courier.wake,
      takesPhoneNumbers: config.courier.sms !== undefined,
    },
    accounts: {
      erase: createEraseAccount({ audit }),
      hasFirstFactor: (identity: IdentityRecord) =>
        countFirstFactors(methods.credentials, identity).some(({ type, count }) => type !== "code" && count > 0),
      hasSession: async (sql, identityId) => {
        const page = { after: undefined, limit: 1, offset: 0, active: undefined, now: deps.storage.clock.now() };
        return (await directory.ofIdentity(sql, identityId, page)).length > 0;
      },
    },
    pages: createKeyring(config.secrets.pagination.map(digestOf)).seal("page of invitations"),
  };
  const { listInvitations, resendInvitation, revokeInvitation } = createAdministerInvitations(admin);
  return [
    defineService(InvitationAdminService, {
      inviteIdentity: { run: createInvite(admin) },
      listInvitations: { run: listInvitations },
      resendInvitation: { run: resendInvitation },
      revokeInvitation: { run: revokeInvitation },
    }),
    defineService(InvitationService, {
      acceptInvitation: {
        run: createAccept({ acceptUrl: config.account.invitation.accept_url, storage, audit, settingsSignIn }),
        signsIn: true,
      },
    }),
  ];
};
