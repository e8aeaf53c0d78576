/** Which way a text is written. */
export type Direction = "ltr" | "rtl";

const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const leftToRight = /(?![\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}])\p{L}/u;
/** Control characters that change the direction of the text behind them. */
const turning = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * Prepares a value for a text of a direction: a value of the other direction is isolated (U+2068, U+2069), so that it
 * does not change the order of the text around it; control characters of direction within it are removed. A value of
 * the same direction is not isolated, because these characters double the cost of a text message.
 */
export const withDirection = (value: string, direction: Direction): string => {
  const plain = value.replace(turning, "");
  const isOther = (direction === "rtl" ? leftToRight : rightToLeft).test(plain);
  return isOther ? `\u2068${plain}\u2069` : plain;
};
