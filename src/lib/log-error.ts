/** An error as the log shows it. */
export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/** Messages that the language writes itself, about code and not about data. */
const aboutCode = new Set([
  "TypeError",
  "ReferenceError",
  "RangeError",
  "ServiceError",
  "SqlError",
  "DatabaseUnavailable",
]);

const causesShown = 3;

/**
 * Describes an error without the data it may quote: parsers and drivers put
 * pieces of what they were given into their messages and properties. Logged are
 * the class, the code, the frames of the stack, and a message whose quoted
 * parts are left out unless it is known to be about code.
 */
export const describeError = (error: unknown, depth = 0): DescribedError => {
  if (!(error instanceof Error)) return { type: typeof error, message: "not an error" };
  const { code } = error as { readonly code?: unknown };
  const frames = error.stack
    ?.split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n");
  return {
    type: error.name,
    message: aboutCode.has(error.name) ? error.message : withoutQuotes(error),
    ...((typeof code === "string" || typeof code === "number") && { code }),
    ...(frames && { stack: frames }),
    ...(error.cause !== undefined && depth < causesShown && { cause: describeError(error.cause, depth + 1) }),
  };
};

/** JSON's parser quotes its input, quotes within included: nothing of that message is safe. */
const withoutQuotes = (error: Error): string =>
  error instanceof SyntaxError ? "the text cannot be parsed" : error.message.replace(/(["'`]).*\1/s, "$1…$1");
