import type { ValueFormat } from "./value-format.ts";

/** Digits beyond a precision that tell whether a number is just between two others. */
const BEYOND = 30;
/** What a number is printed with at most: JavaScript has a hundred digits. */
const MOST_DIGITS = 60;

/**
 * A number that is not negative, as Go prints it by `e`, `f`, `g` or `x`; by any other verb as `g` with as many digits
 * as tell it from its neighbours.
 */
export const formatFloat = (value: number, verb: string, { precision, sharp }: ValueFormat): string => {
  const digits = precision === undefined ? undefined : Math.min(precision, MOST_DIGITS);
  switch (verb) {
    case "f":
    case "F":
      return pointed(fixed(value, digits ?? 6), sharp);
    case "e":
    case "E": {
      const [mantissa, exponent] = parts(value, digits ?? 6);
      const text = join(pointed(mantissa, sharp), exponent);
      return verb === "E" ? text.toUpperCase() : text;
    }
    case "x":
    case "X": {
      const [number, power] = hexadecimal(value, digits);
      // Such is the flag: four digits at least, and for capitals the point alone.
      const [whole, rest = ""] = number.split(".");
      const shown = sharp ? `${whole}.${digits === undefined && verb === "x" ? rest.padEnd(4, "0") : rest}` : number;
      return verb === "X" ? `${shown}${power}`.toUpperCase() : `${shown}${power}`;
    }
    default: {
      const text = general(value, digits);
      return verb === "G" ? text.toUpperCase() : text;
    }
  }
};

const pointed = (text: string, sharp: boolean): string => (sharp && !text.includes(".") ? `${text}.` : text);

/** What stands just between two goes to the even one, as IEEE 754 has it; JavaScript rounds that up. */
const rounded = (exact: string, rounds: string): string => {
  const kept = exact.slice(0, -BEYOND);
  const isTie = /^50*$/.test(exact.slice(-BEYOND));
  return isTie && /[02468]\.?$/.test(kept) ? kept.replace(/\.$/, "") : rounds;
};

const fixed = (value: number, digits: number): string => {
  if (value >= 1e21) return BigInt(value).toString() + (digits > 0 ? `.${"0".repeat(digits)}` : "");
  return rounded(value.toFixed(digits + BEYOND), value.toFixed(digits));
};

const split = (text: string): readonly [mantissa: string, exponent: number] => {
  const [mantissa = "", exponent = "0"] = text.split("e");
  return [mantissa, Number(exponent)];
};

const join = (mantissa: string, exponent: number): string =>
  `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;

/** Mantissa and exponent with so many digits after the point. */
const parts = (value: number, digits: number): readonly [mantissa: string, exponent: number] => {
  const [exact, exponent] = split(value.toExponential(digits + BEYOND));
  const [near, nearExponent] = split(value.toExponential(digits));
  const mantissa = rounded(exact, near);
  return [mantissa, mantissa === near ? nearExponent : exponent];
};

/** As many digits as there are; very large and very small numbers with an exponent. */
const general = (value: number, digits: number | undefined): string => {
  const [mantissa, exponent] =
    digits === undefined ? split(value.toExponential()) : parts(value, Math.max(digits, 1) - 1);
  const all = mantissa.replace(".", "").replace(/0+$/, "");
  const wanted = Math.max(digits ?? 0, 1);
  // From a million on, where no precision is asked for.
  const most = digits === undefined ? 6 : wanted > all.length && all.length > exponent ? all.length : wanted;
  if (exponent < -4 || exponent >= most)
    return join(all.length > 1 ? `${all.slice(0, 1)}.${all.slice(1)}` : all || "0", exponent);
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${all}`;
  const whole = all.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = all.slice(exponent + 1);
  return rest === "" ? whole : `${whole}.${rest}`;
};

const FRACTION = 52n;

/** `0x1.8p+01`: the binary digits as they are, in fours. */
const hexadecimal = (value: number, digits: number | undefined): readonly [number: string, power: string] => {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
  let exponent = Number(bits >> FRACTION) - 1023;
  let mantissa = (bits & ((1n << FRACTION) - 1n)) | (exponent === -1023 ? 0n : 1n << FRACTION);
  if (mantissa === 0n) exponent = 0;
  else if (exponent === -1023) exponent++;
  for (; mantissa !== 0n && mantissa < 1n << FRACTION; exponent--) mantissa <<= 1n;
  if (digits !== undefined && digits < 13) {
    const unit = 1n << BigInt(52 - 4 * digits);
    const rest = mantissa % unit;
    mantissa -= rest;
    if (rest * 2n > unit || (rest * 2n === unit && (mantissa / unit) % 2n === 1n)) mantissa += unit;
    for (; mantissa >= 1n << (FRACTION + 1n); exponent++) mantissa >>= 1n;
  }
  const all = (mantissa & ((1n << FRACTION) - 1n)).toString(16).padStart(13, "0");
  const shown = digits === undefined ? all.replace(/0+$/, "") : all.slice(0, digits).padEnd(digits, "0");
  const sign = exponent < 0 ? "-" : "+";
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return [`0x${mantissa === 0n ? 0 : 1}${shown === "" ? "" : `.${shown}`}`, `p${sign}${power}`];
};
