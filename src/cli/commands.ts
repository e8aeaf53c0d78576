import type { Command } from "./command.ts";
import { keysCreate } from "./keys-create.ts";
import { migrate } from "./migrate.ts";
import { identitiesDelete } from "./operator/identities-delete.ts";
import { identitiesExport } from "./operator/identities-export.ts";
import { identitiesGet } from "./operator/identities-get.ts";
import { identitiesImport } from "./operator/identities-import.ts";
import { identitiesList } from "./operator/identities-list.ts";
import { identitiesPatch } from "./operator/identities-patch.ts";
import { sessionsDelete, sessionsDisable } from "./operator/sessions-end.ts";
import { sessionsList } from "./operator/sessions-list.ts";
import { serve } from "./serve.ts";
import { version } from "./version.ts";

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly Command[] = [
  serve,
  migrate,
  keysCreate,
  identitiesList,
  identitiesGet,
  identitiesImport,
  identitiesExport,
  identitiesPatch,
  identitiesDelete,
  sessionsList,
  sessionsDisable,
  sessionsDelete,
  version,
];
