/** One thing that is wrong with a configuration. */
export interface Problem {
  /** The key at fault, such as `identity.schemas[0].url`; empty for a whole file. */
  readonly path: string;
  /** What is wrong, without the path and never with a secret. */
  readonly message: string;
  /** `file.yml:12` or `environment variable DSN`, if known. */
  readonly where?: string | undefined;
}

/**
 * A configuration that cannot be used, with everything that is wrong with it, in the order of the file. The message
 * has a line for each.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = [...problems].sort((a, b) => (a.where ?? "").localeCompare(b.where ?? "", "en", { numeric: true }));
    const lines = sorted.map(({ where, path, message }) => `  ${[where, path, message].filter(Boolean).join(": ")}`);
    super(
      "The configuration cannot be used, for " +
        `${problems.length === 1 ? "one reason" : `${problems.length} reasons`}:\n${lines.join("\n")}`,
    );
    this.problems = sorted;
  }

  /** The same with the places of its keys, as far as they are known. */
  at(where: (path: string) => string | undefined): ConfigError {
    return new ConfigError(
      this.problems.map((problem) => ({ ...problem, where: problem.where ?? where(problem.path) })),
    );
  }
}
