import { readVersion } from "../lib/version.ts";
import type { Command } from "./command.ts";

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
