/**
 * A list for an IN of a prepared statement, its last value repeated until the length is a power of two: else each batch
 * would be a statement of its own, and be prepared.
 */
export const padded = (values: readonly string[]): readonly string[] => {
  const last = values.at(-1);
  if (last === undefined) return values;
  const length = 2 ** Math.ceil(Math.log2(values.length));
  return [...values, ...Array.from({ length: length - values.length }, () => last)];
};

/** As many placeholders as there are values. */
export const placeholders = (values: readonly unknown[]): string => values.map(() => "?").join(", ");
