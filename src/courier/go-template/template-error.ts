/** A template cannot be used. The message says what is wrong in which line, and repeats no value. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  readonly line: number;

  /** @param line from 1 */
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}
