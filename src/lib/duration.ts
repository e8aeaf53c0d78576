const milliseconds = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads a duration as Go writes it, such as `1h30m`, `500ms` or `1.5s`. There
 * are no days, and none is negative.
 *
 * @returns milliseconds; undefined if it is not a duration
 */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(amount) * milliseconds[unit as keyof typeof milliseconds];
  return Number.isSafeInteger(Math.round(total)) ? total : undefined;
}
