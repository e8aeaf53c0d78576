import path from "node:path";
import { asMeant } from "./as-meant.ts";
import { problemChecks, runChecks, warningChecks } from "./checks.ts";
import type { Config, SecretsConfig } from "./config.ts";
import { ConfigError, type Problem } from "./config-error.ts";
import { withDefaults } from "./defaults.ts";
import { readEnvironment } from "./environment.ts";
import { findUnsupportedKeys } from "./features.ts";
import { findMissingGuards } from "./guards.ts";
import { createOrigin } from "./origin.ts";
import { readConfig } from "./read-config.ts";
import { completeSecrets, generateSecret, loadOrCreateSecrets } from "./secrets.ts";
import { createSlice } from "./slice.ts";
import { readSource, type Source } from "./source.ts";
import { assign, merge, type Path, parsePath, printPath, type Raw, valueAt } from "./tree.ts";
import { type Finding, validate } from "./validate.ts";

/*
 * Configuration: schema.json says which keys there are, features.ts which of
 * them mean nothing yet, load.ts makes a Config of files and environment and
 * reports every mistake at once. Owns reading and checking; what a key does is
 * the business of whoever gets that slice of the Config.
 */

/** Where a configuration comes from. */
export interface LoadOptions {
  /** YAML files; later ones win. None: the defaults. */
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The flag `--dev`. */
  readonly dev?: boolean | undefined;
  /** Keys as in a file, above files and environment. For tests. */
  readonly overrides?: Raw | undefined;
  /** Where secrets are stored when none are configured and the database is private, too. */
  readonly dataDir?: string | undefined;
  /**
   * Whether a configured database needs configured secrets; default: yes. Whoever only looks after tables needs
   * none.
   */
  readonly needsSecrets?: boolean | undefined;
}

/** A configuration and what its owner should know about it, one sentence each. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Where a key was written, by its path as people write it: `file.yml:12` or `environment variable DSN`. */
  readonly where: (path: string) => string | undefined;
}

/**
 * Loads a configuration: the defaults, under the files, under the environment.
 *
 * @throws ConfigError with everything that is wrong
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const sources = readSources(options.files);
  const fromFiles = sources.reduce<Raw>((under, source) => merge(under, source.value), {});
  const assignments = readEnvironment(options.env, fromFiles);
  const fromEnvironment = assignments.reduce<unknown>(
    (tree, one) => assign(tree, one.path, one.value),
    fromFiles,
  ) as Raw;
  const written = merge(merge(fromEnvironment, options.overrides ?? {}), options.dev === true ? { dev: true } : {});
  const meant = asMeant(written);
  const isMemory =
    meant.dev === true && Array.isArray(meant.dsn) && meant.dsn.length === 1 && meant.dsn[0] === "memory";
  const given = isMemory ? without(meant, "dsn") : meant;
  const filled = withDefaults(given);

  const origin = createOrigin(sources, assignments);
  const context = {
    dev: filled.dev === true,
    needsSecrets: options.needsSecrets ?? true,
    resolvePath: (where: Path, file: string) => path.resolve(origin.folder(where), file),
  };
  const { mistakes, ignored } = validate(given);
  const findings = [...mistakes, ...findMissingGuards(given), ...runChecks(problemChecks, filled, context)];
  /** One text in the place of a list has no position in it. */
  const at = (path: Path) => (typeof valueAt(written, path.slice(0, -1)) === "string" ? path.slice(0, -1) : path);
  if (findings.length > 0)
    throw new ConfigError(
      findings.map(({ path, message }) => ({ path: printPath(at(path)), message, where: origin.where(path) })),
    );

  const secrets = readSecrets(filled, options.dataDir);
  const unsupported = findUnsupportedKeys(given);
  const toCome = unsupported.filter((key) => key !== "tracing");
  const say = ({ path, message }: Finding) => `${printPath(path)} ${message}`;
  return {
    config: readConfig(filled, origin, secrets.list),
    warnings: [
      ...(toCome.length > 0
        ? [`These keys are accepted, but what they ask for is not there yet: ${toCome.join(", ")}`]
        : []),
      ...(toCome.length < unsupported.length
        ? ["tracing is set, and is not there: no trace is sent anywhere; figures are at /metrics/prometheus"]
        : []),
      ...ignored.map(say),
      ...(isMemory ? ["dsn is memory: the server starts a private database and keeps it in its data folder"] : []),
      ...runChecks(warningChecks, filled, context).map(say),
      ...(options.files.length > 0 && createSlice(given).raw("identity.schemas") === undefined
        ? ["identity.schemas is not set: the built-in schema, e-mail and name, is used"]
        : []),
      ...(secrets.lost ? ["secrets are not set: they were made for this start, and sessions end with it"] : []),
    ],
    where: (path) => origin.where(parsePath(path)),
  };
}

const without = (raw: Raw, key: string): Raw =>
  Object.fromEntries(Object.entries(raw).filter(([name]) => name !== key));

/** The secrets, and whether they are lost when the process ends. */
function readSecrets(raw: Raw, dataDir: string | undefined): { readonly list: SecretsConfig; readonly lost: boolean } {
  const root = createSlice(raw);
  const list = (key: string) => (root.raw(`secrets.${key}`) === undefined ? [] : root.texts(`secrets.${key}`));
  const folder = root.raw("dsn") === undefined ? dataDir : undefined;
  let lost = false;
  const make = () => {
    lost = folder === undefined;
    return folder === undefined ? [generateSecret()] : loadOrCreateSecrets(folder);
  };
  return {
    list: completeSecrets(
      {
        default: list("default"),
        cookie: list("cookie"),
        cipher: list("cipher"),
        pagination: list("pagination"),
      },
      make,
    ),
    lost,
  };
}

function readSources(files: readonly string[]): readonly Source[] {
  const sources: Source[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const read = readSource(file);
    if ("value" in read) sources.push(read);
    else problems.push(...read);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return sources;
}
