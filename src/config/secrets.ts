import { hkdfSync, randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { SecretsConfig } from "./config.ts";
import { ConfigError } from "./config-error.ts";

/**
 * Completes secrets: a list that is left out (or empty) is derived, entry by
 * entry, from the first that is given, so that it survives a restart and
 * rotates along. When none is given, all are derived from `fallback`.
 */
export function completeSecrets(given: SecretsConfig, fallback: () => readonly string[]): SecretsConfig {
  const origin = [given.default, given.cookie, given.cipher].find((list) => list.length > 0) ?? fallback();
  const list = (name: keyof SecretsConfig) =>
    given[name].length > 0 ? given[name] : origin.map((secret) => derive(secret, name));
  return {
    default: list("default"),
    cookie: list("cookie"),
    cipher: list("cipher"),
    pagination: list("pagination"),
  };
}

/** 32 characters, as a cipher's key must have, that say nothing about the secret they come from. */
function derive(secret: string, name: string): string {
  return Buffer.from(hkdfSync("sha256", secret, "", `ostiary secrets.${name}`, 24)).toString("base64url");
}

/** Makes a secret of 32 characters. */
export function generateSecret(): string {
  return randomBytes(24).toString("base64url");
}

/**
 * Reads the secrets that an earlier start stored in `secrets.json` of the data
 * folder, or makes and keeps them now. The file is for its owner alone, and
 * servers that start at once end up with the same.
 */
export function loadOrCreateSecrets(dataDir: string): readonly string[] {
  const file = path.join(dataDir, "secrets.json");
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, `${JSON.stringify({ default: [generateSecret()] })}\n`, { mode: 0o600 });
    try {
      linkSync(fresh, file); // unlike a rename, this leaves a file that is there already alone
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(fresh);
    }
  }
  try {
    const stored = (JSON.parse(readFileSync(file, "utf8")) as { readonly default?: unknown }).default;
    if (
      Array.isArray(stored) &&
      stored.length > 0 &&
      stored.every((secret) => typeof secret === "string" && secret.length >= 16)
    )
      return stored;
  } catch {
    // Said below.
  }
  throw new ConfigError([
    {
      path: "",
      where: file,
      message:
        'holds no secrets that can be read; expected {"default": ["…"]}. Without the file new ones are made, ' +
        "and everybody signs in again",
    },
  ]);
}
