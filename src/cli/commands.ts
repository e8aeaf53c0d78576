import type { Command } from "./command.ts";
import { createCompletion } from "./completion.ts";
import { keysCreate } from "./keys-create.ts";
import { keysDigest } from "./keys-digest.ts";
import { keysList } from "./keys-list.ts";
import { migrate } from "./migrate.ts";
import { moveIn } from "./move-in.ts";
import { courierGet, courierList } from "./operator/courier.ts";
import { deliveriesDrop, deliveriesList, deliveriesReplay } from "./operator/deliveries.ts";
import { eventsList } from "./operator/events-list.ts";
import { eventsReplay } from "./operator/events-replay.ts";
import { eventsVerify } from "./operator/events-verify.ts";
import { eventsWatch } from "./operator/events-watch.ts";
import { identitiesCreate } from "./operator/identities-create.ts";
import { identitiesDelete } from "./operator/identities-delete.ts";
import { identitiesDeleteCredential } from "./operator/identities-delete-credential.ts";
import { identitiesExport } from "./operator/identities-export.ts";
import { identitiesGet } from "./operator/identities-get.ts";
import { identitiesImport } from "./operator/identities-import.ts";
import { identitiesList } from "./operator/identities-list.ts";
import {
  identitiesAddresses,
  identitiesCancelAddress,
  identitiesFactors,
  identitiesLinks,
} from "./operator/identities-owned.ts";
import { identitiesPatch } from "./operator/identities-patch.ts";
import { identitiesValidate } from "./operator/identities-validate.ts";
import { identitiesInvite, invitationsList, invitationsResend, invitationsRevoke } from "./operator/invitations.ts";
import { receiversList } from "./operator/receivers.ts";
import { recoveryCode, recoveryLink } from "./operator/recovery.ts";
import { sessionsDelete, sessionsDisable } from "./operator/sessions-end.ts";
import { sessionsExtend } from "./operator/sessions-extend.ts";
import { sessionsGet } from "./operator/sessions-get.ts";
import { sessionsList } from "./operator/sessions-list.ts";
import { serve } from "./serve.ts";
import { version } from "./version.ts";

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly Command[] = [
  serve,
  migrate,
  moveIn,
  keysCreate,
  keysList,
  keysDigest,
  identitiesList,
  identitiesGet,
  identitiesCreate,
  identitiesValidate,
  identitiesImport,
  identitiesExport,
  identitiesPatch,
  identitiesDelete,
  identitiesDeleteCredential,
  identitiesFactors,
  identitiesLinks,
  identitiesAddresses,
  identitiesCancelAddress,
  identitiesInvite,
  invitationsList,
  invitationsResend,
  invitationsRevoke,
  sessionsList,
  sessionsGet,
  sessionsDisable,
  sessionsDelete,
  sessionsExtend,
  recoveryCode,
  recoveryLink,
  courierList,
  courierGet,
  eventsList,
  eventsWatch,
  eventsReplay,
  eventsVerify,
  receiversList,
  deliveriesList,
  deliveriesReplay,
  deliveriesDrop,
  createCompletion(() => commands),
  version,
];
