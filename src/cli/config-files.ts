import path from "node:path";
import { fileURLToPath } from "node:url";
import type { OptionValues } from "./command.ts";

/** The configuration that comes with the release, for whoever names none. */
const shipped = fileURLToPath(new URL("../../config/ostiary.yml", import.meta.url));

/** Which files to read, and where data goes that has no database of its own. */
export interface ConfigFiles {
  readonly files: readonly string[];
  readonly dataDir: string;
}

/**
 * Takes both from the command line. The data folder is `--data-dir`, else
 * OSTIARY_DATA_DIR, else `.data` beside the first file, or in the working
 * folder if there is none.
 */
export function configFiles(values: OptionValues, env: Readonly<Record<string, string | undefined>>): ConfigFiles {
  const named = Array.isArray(values.config) ? values.config.map(String) : [];
  const wanted = typeof values["data-dir"] === "string" ? values["data-dir"] : env.OSTIARY_DATA_DIR || undefined;
  const beside = named[0] === undefined ? "." : path.dirname(named[0]);
  return { files: named.length > 0 ? named : [shipped], dataDir: path.resolve(wanted ?? path.join(beside, ".data")) };
}
