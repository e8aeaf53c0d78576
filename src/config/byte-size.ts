const exponents = ["B", "KB", "MB", "GB", "TB"];

/**
 * Reads a size such as `128MB`. Units are powers of 1024, as in Ory Kratos:
 * `KB` and `KiB` are the same.
 *
 * @returns bytes; undefined if it is not a size
 */
export function parseByteSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d+)\s*(B|[KMGT]i?B?)?$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const plain = (unit ?? "B").toUpperCase().replace("I", "");
  const bytes = Number(amount) * 1024 ** exponents.indexOf(plain.endsWith("B") ? plain : `${plain}B`);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
