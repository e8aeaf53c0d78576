/** An identity schema that the server will not start with. The message names the schema and the place in it. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  /** JSON pointer into the document; `#` is all of it. */
  readonly path: string;

  constructor(id: string, path: string, problem: string) {
    super(`identity schema ${JSON.stringify(id)}: ${path}: ${problem}`);
    this.path = path;
  }
}

/** Identity schemas that the server will not start with. The message has a line for each. */
export class SchemaLoadError extends Error {
  override readonly name = "SchemaLoadError";
}
