import { printValue, type Value } from "./values.ts";

/** Prints values by a format of Go: `%s`, `%v`, `%d`, `%q`, `%t`, `%f` with a precision, and `%%`. */
export const printFormatted = (format: string, args: readonly Value[]): string => {
  let at = 0;
  return format.replace(
    /%(?:%|0?(\d+)?(?:\.(\d+))?([svdqtf]))/g,
    (whole, width: string, precision: string, verb: string) => {
      if (whole === "%%") return "%";
      const value = args[at++];
      const pad = whole.startsWith("%0") ? "0" : " ";
      return print(verb, value, precision).padStart(Math.min(Number(width ?? 0), 100), pad);
    },
  );
};

const print = (verb: string, value: Value, precision: string | undefined): string => {
  switch (verb) {
    case "d":
      return String(Math.trunc(Number(value ?? 0)) || 0);
    case "f":
      return (Number(value ?? 0) || 0).toFixed(Math.min(Number(precision ?? 6), 20));
    case "q":
      return JSON.stringify(printValue(value));
    default:
      return printValue(value);
  }
};
