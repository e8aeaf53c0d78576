/** Errors whose message is written for the person at the terminal. By name, so that nothing is loaded for it. */
const plain = new Set([
  "CommandError",
  "ConfigError",
  "DatabaseUnavailable",
  "DsnError",
  "HostError",
  "PrivateDatabaseError",
  "SchemaError",
  "SchemaLoadError",
  "SqlError",
]);

/** Puts a failure into words: one line where its cause is known, the whole error otherwise. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return `ostiary: ${String(error)}`;
  const { code, address, port } = error as NodeJS.ErrnoException & {
    readonly address?: string;
    readonly port?: number;
  };
  if (code === "EADDRINUSE") return `ostiary: port ${port} of ${address} is in use; is another server running?`;
  if (code === "EACCES" && port !== undefined)
    return `ostiary: port ${port} of ${address} may not be used by this user`;
  if (plain.has(error.name)) return `ostiary: ${error.message}`;
  return `ostiary: ${error.stack ?? error.message}`;
}
