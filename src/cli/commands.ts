import type { Command } from "./command.ts";
import { keysCreate } from "./keys-create.ts";
import { migrate } from "./migrate.ts";
import { serve } from "./serve.ts";
import { version } from "./version.ts";

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly Command[] = [serve, migrate, keysCreate, version];
