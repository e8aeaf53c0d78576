/** Which way a text is written. */
export type Direction = "ltr" | "rtl";

const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const leftToRight = /(?![\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}])\p{L}/u;
/** Signs that turn the text behind them. */
const turning = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * A value for a text of a direction: one that is written the other way stands apart (U+2068, U+2069), so that its ends
 * stay where they belong; signs that would turn what follows it are taken out. One of the same direction stays as it
 * is: such signs double what a text to a phone costs.
 */
export const withDirection = (value: string, direction: Direction): string => {
  const plain = value.replace(turning, "");
  const isOther = (direction === "rtl" ? leftToRight : rightToLeft).test(plain);
  return isOther ? `\u2068${plain}\u2069` : plain;
};
