/** What a path template of google.api.http says. */
export interface PathTemplate {
  /** The path with constants filled in; parameters as `:p0`, `:p1`, … for the router. */
  readonly pattern: string;
  /** Fields that the path gives a fixed value, `{type=browser}`. */
  readonly constants: readonly { readonly field: string; readonly value: string }[];
  /** Fields that the path gives a value of, `{id}`, with the router's name for it. */
  readonly parameters: readonly { readonly field: string; readonly name: string }[];
}

const variable = /^\{([A-Za-z_][\w.]*)(?:=([^{}]*))?\}$/;
const literal = /^[\w.~%!$&'()*+,;@-]+$/;

/**
 * Reads a path template. Each segment is a literal, a parameter (`{id}`, which
 * is the same as `{id=*}`) or a constant (`{type=browser}`). Throws for anything
 * else that google.api.http knows: nobody has needed it yet.
 */
export const parsePath = (template: string): PathTemplate => {
  const constants: { field: string; value: string }[] = [];
  const parameters: { field: string; name: string }[] = [];
  if (!template.startsWith("/")) throw new Error(`${template}: a path begins with a slash`);
  const segments = splitSegments(template.slice(1)).map((segment) => {
    const [, field, value] = variable.exec(segment) ?? [];
    if (field === undefined) {
      if (!literal.test(segment) || segment.includes("*"))
        throw new Error(`${template}: ${segment} is not supported in a path`);
      return segment;
    }
    if (value === undefined || value === "*") {
      const name = `p${parameters.length}`;
      parameters.push({ field, name });
      return `:${name}`;
    }
    if (!literal.test(value) || value.includes("*"))
      throw new Error(`${template}: ${segment} is not supported in a path`);
    constants.push({ field, value });
    return value;
  });
  return { pattern: `/${segments.join("/")}`, constants, parameters };
};

/** Slashes inside braces do not separate. */
const splitSegments = (path: string): string[] => path.split(/\/(?![^{]*\})/);
