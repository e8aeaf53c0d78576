/** A DSN that cannot be read. The message never repeats it: it holds a password. */
export class DsnError extends Error {
  override readonly name = "DsnError";
}
