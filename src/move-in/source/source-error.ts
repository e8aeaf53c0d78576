/** Why a database cannot be moved from, to be said after "the source: ". */
export class SourceError extends Error {
  override readonly name = "SourceError";
}
