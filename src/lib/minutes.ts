/** Whole minutes of so many milliseconds, one at least: what messages say of how long something is valid. */
export const wholeMinutes = (milliseconds: number): number => Math.max(1, Math.round(milliseconds / 60_000));
