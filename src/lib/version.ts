import { readFileSync } from "node:fs";

/** Reads the version of this release, such as `0.1.0`. */
export const readVersion = (): string => {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
};
