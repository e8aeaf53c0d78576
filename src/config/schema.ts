import document from "./schema.json" with { type: "json" };

/** A part of schema.json, as far as this folder reads it by itself. `ajv` reads all of it. */
export interface SchemaNode {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly default?: unknown;
  /** In words, where the default depends on other keys. */
  readonly "x-default"?: string;
  /** Ends the message about a value that is not in `enum`. */
  readonly "x-hint"?: string;
  /** False: the environment does not set it. */
  readonly "x-env"?: boolean;
  /** A map that takes keys nobody knows, with a warning: always, or for the hooks that are named. */
  readonly "x-open"?: boolean | readonly string[];
  /** False: entries of this list may contain commas, so the environment gives one entry, or JSON. */
  readonly "x-commas"?: boolean;
  /** The value is a secret: no message repeats it. */
  readonly writeOnly?: boolean;
}

/** The keywords of schema.json that JSON Schema does not have. */
export const ownKeywords = ["x-default", "x-env", "x-hint", "x-open", "x-commas"] as const;

/** The keys of a configuration file and what may stand behind them. */
export const configSchema: SchemaNode & object = document as SchemaNode;

const definitions: Readonly<Record<string, SchemaNode>> = (document as { definitions: Record<string, SchemaNode> })
  .definitions;

/** Follows `$ref`; what stands beside it wins. */
export function resolveNode(node: SchemaNode): SchemaNode {
  if (node.$ref === undefined) return node;
  const base = resolveNode(definitions[node.$ref.replace("#/definitions/", "")] ?? {});
  const { $ref: _, properties, ...beside } = node;
  const merged: Record<string, SchemaNode> = { ...base.properties };
  for (const [key, child] of Object.entries(properties ?? {})) merged[key] = { ...merged[key], ...child };
  return {
    ...base,
    ...beside,
    ...(base.properties !== undefined || properties !== undefined ? { properties: merged } : {}),
  };
}

/** Below a map that takes everything. */
const anything: SchemaNode = { additionalProperties: true, items: {} };

/** The schema of a child: a key of a map, or any entry of a list. Undefined if there can be none. */
export function childNode(parent: SchemaNode, key: string | number): SchemaNode | undefined {
  const { properties, additionalProperties, items } = resolveNode(parent);
  if (typeof key === "number") return items && (parent === anything ? anything : resolveNode(items));
  const named = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
  if (named !== undefined) return resolveNode(named);
  return typeof additionalProperties === "object"
    ? resolveNode(additionalProperties)
    : additionalProperties === true
      ? anything
      : undefined;
}

/** The schema at a path; undefined if no configuration may have it. */
export function nodeAt(path: readonly (string | number)[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = configSchema;
  for (const key of path) node = node && childNode(node, key);
  return node;
}
