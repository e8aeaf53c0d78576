import { InvitationAdminService } from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { InvitationService } from "../../../gen/ostiary/account/v1/invitation_service_pb.ts";
import type { Config } from "../../config/config.ts";
import type { Courier } from "../../courier/courier.ts";
import type { FlowDestinations } from "../../flows/shared/deps.ts";
import { createConflictRetry } from "../../identity/conflict-retry.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { createInvitations } from "../../identity/invitations.ts";
import type { Aead } from "../../lib/aead.ts";
import { digestOf } from "../../lib/digest.ts";
import { createKeyring } from "../../lib/keyring.ts";
import { defineService } from "../../lib/service.ts";
import { type CredentialKind, countFirstFactors } from "../../methods/contract/credential.ts";
import type { Schemas } from "../../schema/sources.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import { createAccept } from "./accept.ts";
import { createAdministerInvitations } from "./administer.ts";
import type { AcceptDeps, InvitationAdminDeps, InvitationStorage } from "./deps.ts";
import { createInvite } from "./invite.ts";
import { createSendInvitation, type SendingDeps } from "./send.ts";

/** What invitations stand on. */
export interface InvitationsDeps {
  readonly config: Pick<Config, "account" | "courier" | "secrets">;
  readonly storage: Omit<InvitationStorage, "invitations"> & { readonly aead: Aead };
  readonly schemas: Schemas;
  /** What brings somebody in who has just proven who they are. */
  readonly entering: Pick<AcceptDeps, "sessions" | "settings"> & {
    readonly destinations: Pick<FlowDestinations, "returnTo" | "urls">;
  };
  readonly courier: Courier;
  readonly messages: SendingDeps["messages"];
  readonly kinds: readonly CredentialKind[];
}

/** Creates invitations: what operators do about them, and what somebody does who was invited. */
export const createInvitationServices = ({ config, entering, courier, messages, kinds, ...deps }: InvitationsDeps) => {
  const storage: InvitationStorage = { ...deps.storage, invitations: createInvitations(deps.storage) };
  const { sessions, settings, destinations } = entering;
  const admin: InvitationAdminDeps = {
    storage,
    config: config.account.invitation,
    schemas: deps.schemas,
    returnTo: destinations.returnTo,
    sending: {
      send: createSendInvitation({ config: config.account.invitation, courier, messages }),
      wake: courier.wake,
      takesPhoneNumbers: config.courier.sms !== undefined,
    },
    erase: createEraseAccount(storage),
    signsIn: (identity: IdentityRecord) =>
      countFirstFactors(kinds, identity).some(({ type, count }) => type !== "code" && count > 0),
    pages: createKeyring(config.secrets.pagination.map(digestOf)).seal("page of invitations"),
  };
  const { listInvitations, resendInvitation, revokeInvitation } = createAdministerInvitations(admin);
  const { urls } = destinations;
  const conflictRetry = createConflictRetry(storage);
  return {
    services: [
      defineService(InvitationAdminService, {
        inviteIdentity: { run: createInvite(admin) },
        listInvitations: { run: listInvitations },
        resendInvitation: { run: resendInvitation },
        revokeInvitation: { run: revokeInvitation },
      }),
      defineService(InvitationService, {
        acceptInvitation: {
          run: createAccept({ storage, sessions, urls, conflictRetry, settings }),
          signsIn: true,
        },
      }),
    ],
  };
};
