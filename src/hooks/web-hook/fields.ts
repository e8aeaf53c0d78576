import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Where a value is in `ctx`: `ctx.identity.traits.email`, `ctx.request_headers["User-Agent"]`. */
export type FieldPath = readonly string[];

const STEP = /^(?:\.([A-Za-z_][A-Za-z0-9_]*)|\["((?:[^"\\]|\\["\\])+)"\])/;

/** The members of `ctx`. */
const members = ["flow", "identity", "session", "request_headers", "request_method", "request_url", "request_cookies"];

/** Reads a path. A text says what is wrong with it. */
export const readFieldPath = (text: string): FieldPath | string => {
  if (!text.startsWith("ctx.")) return `${JSON.stringify(text)} must begin with ctx.`;
  const path: string[] = [];
  let rest = text.slice("ctx".length);
  while (rest !== "") {
    const step = STEP.exec(rest);
    const name = step?.[1] ?? step?.[2]?.replace(/\\(["\\])/g, "$1");
    if (!step || name === undefined) return `${JSON.stringify(text)} cannot be read from ${JSON.stringify(rest)} on`;
    path.push(name);
    rest = rest.slice(step[0].length);
  }
  return members.includes(path[0] ?? "") ? path : `${JSON.stringify(text)} names no member of ctx`;
};

/** Makes a body of fields. What `ctx` does not have is left out. */
export const bodyOfFields = (
  fields: readonly { readonly to: readonly string[]; readonly from: FieldPath }[],
  ctx: JsonObject,
): JsonObject => {
  const body: JsonObject = {};
  for (const { to, from } of fields) {
    const value = valueAt(ctx, from);
    if (value !== undefined) put(body, to, value);
  }
  return body;
};

const valueAt = (ctx: JsonObject, path: FieldPath): JsonValue | undefined => {
  let value: JsonValue | undefined = ctx;
  for (const step of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
      return undefined;
    value = value[step];
  }
  return value;
};

const put = (body: JsonObject, [head = "", ...rest]: readonly string[], value: JsonValue): void => {
  if (rest.length === 0) {
    Object.defineProperty(body, head, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const inner = Object.hasOwn(body, head) ? body[head] : undefined;
  const next = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? inner : {};
  put(next, rest, value);
  put(body, [head], next);
};
