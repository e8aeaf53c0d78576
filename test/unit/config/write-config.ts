import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { ConfigError } from "../../../src/config/config-error.ts";
import { type LoadedConfig, type LoadOptions, loadConfig } from "../../../src/config/load.ts";

/** Makes a folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "ostiary-config-"));
  onTestFinished(async () => (await import("node:fs")).rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes configuration files into a folder of their own and gives their names. */
export function writeConfig(...texts: readonly string[]): string[] {
  const folder = temporaryFolder();
  return texts.map((text, index) => {
    const file = path.join(folder, `${index}.yml`);
    writeFileSync(file, text);
    return file;
  });
}

/** Loads one configuration file. */
export function loadText(text: string, options: Partial<LoadOptions> = {}): LoadedConfig {
  return loadConfig({ files: writeConfig(text), env: {}, ...options });
}

/** The mistakes of a configuration: `line path: message`, without the file. */
export function mistakesOf(text: string, options: Partial<LoadOptions> = {}): string[] {
  try {
    loadText(text, options);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ where, path: key, message }) =>
      [where?.replace(/^\/.*\/\d\.yml:/, ""), `${key}: ${message}`].filter(Boolean).join(" "),
    );
  }
}
