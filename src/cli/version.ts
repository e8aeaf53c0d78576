import { readFileSync } from "node:fs";
import type { Command } from "./command.ts";

/** Reads the version of this release, such as `0.1.0`. */
export function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}

/** `ostiary version` */
export const version: Command = {
  name: "version",
  summary: "print the version",
  help: `Prints the version of this release.

Usage: ostiary version

Example:
  ostiary version`,
  options: {},
  run: async () => console.log(`ostiary ${readVersion()}`),
};
