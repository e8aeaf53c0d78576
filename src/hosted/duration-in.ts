/**
 * How long something takes, in words of a language: `14 days`. Digits are the Latin ones.
 *
 * @param seconds not negative
 */
export const durationIn = (language: string, seconds: number): string => {
  const [unit, size] =
    seconds % 86_400 === 0
      ? (["day", 86_400] as const)
      : seconds % 3_600 === 0
        ? (["hour", 3_600] as const)
        : (["minute", 60] as const);
  const count = Math.max(1, Math.round(seconds / size));
  return new Intl.NumberFormat(`${language}-u-nu-latn`, { style: "unit", unit, unitDisplay: "long" }).format(count);
};
