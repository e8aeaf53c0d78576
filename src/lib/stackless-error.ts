/**
 * An error that is a decision, not an accident: nobody asks where it was made, and finding that out costs as much as a
 * statement of the database.
 */
export class StacklessError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
