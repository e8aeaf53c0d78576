import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  effectOf,
  kratosKeys,
  pathOfKey,
  renderKratosKeys,
  takesValue,
} from "../../../scripts/generate-kratos-keys-docs.ts";
import { asMeant } from "../../../src/config/as-meant.ts";
import { withDefaults } from "../../../src/config/defaults.ts";
import { createOrigin } from "../../../src/config/origin.ts";
import { readConfig } from "../../../src/config/read-config.ts";
import { nodeAt, type SchemaNode } from "../../../src/config/schema.ts";
import { assign, type Path, type Raw } from "../../../src/config/tree.ts";

/* What becomes of every key of Ory Kratos: none has no effect without the page saying why. */

test("docs/kratos-keys.md has every key that takes a value (scripts/generate-kratos-keys-docs.ts writes it)", () => {
  const page = readFileSync("docs/kratos-keys.md", "utf8");
  expect(page).toBe(renderKratosKeys());
  for (const key of kratosKeys.filter(takesValue)) expect(page).toContain(`| \`${key}\` |`);
});

test("a key that is refused or ignored says why", () => {
  const others = kratosKeys.map((key) => ({ key, ...effectOf(key) })).filter(({ kind }) => kind !== "honoured");
  expect(others.filter(({ reason = "" }) => !/\S/.test(reason))).toEqual([]);
  expect(new Set(others.map(({ kind }) => kind))).toEqual(new Set(["refused", "ignored"]));
});

test("a key that is honoured is not described as one that has no effect", () => {
  const idle = /^(?:Ignored|Accepted)|\bNot checked\.$/;
  const silent = kratosKeys.filter(
    (key) => effectOf(key).kind === "honoured" && idle.test(nodeAt(pathOfKey(key))?.description ?? ""),
  );
  expect(silent).toEqual([]);
});

/** What is passed on as it is written, or read where another key asks for it: each has tests of its own. */
const passedOn =
  /\.hooks\[\]\.|request_config|migrate_hook|\.tls\.|requested_claims|\.socket\.|courier\.smtp\.(?:client_|local_name)/;

/** A configuration that writes down the paths of what is read in it. */
const watched = (tree: unknown, seen: Set<string>, at = ""): unknown =>
  typeof tree !== "object" || tree === null
    ? tree
    : new Proxy(tree, {
        get: (target, name, receiver) => {
          const value: unknown = Reflect.get(target, name, receiver);
          if (typeof name === "symbol" || typeof value === "function") return value;
          seen.add(`${at}.${name}`);
          return watched(value, seen, `${at}.${name}`);
        },
      });

const sampleOf = ({ enum: values, type, format, minimum }: SchemaNode): unknown => {
  if (values !== undefined) return values[0];
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return minimum ?? 1;
  if (type === "array" || type === "object") return type === "array" ? ["text"] : { a: "text" };
  if (format?.includes("duration")) return "1h";
  return format === "byte-size" ? "1MB" : "https://id.example.com/a";
};

/** What an entry of a list has in any case. */
const entries: readonly (readonly [at: Path, entry: Raw])[] = [
  [["identity", "schemas", 0], { id: "default", url: "base64://e30=" }],
  [
    ["selfservice", "methods", "oidc", "config", "providers", 0],
    {
      id: "p",
      provider: "generic",
      client_id: "c",
      client_secret: "s",
      issuer_url: "https://p.example",
      mapper_url: "base64://e30=",
    },
  ],
  [["courier", "channels", 0], { id: "sms", request_config: { url: "https://sms.example/", method: "POST" } }],
];

const withKey = (path: Path, value: unknown): Raw => {
  const entry = entries.find(([at]) => at.every((part, index) => path[index] === part));
  return assign(entry ? assign({}, entry[0], entry[1]) : {}, path, value) as Raw;
};

test("a key that is honoured is read, once it is set", () => {
  const unread = kratosKeys.filter(takesValue).filter((key) => {
    if (effectOf(key).kind !== "honoured" || passedOn.test(key) || /(?:\*|\[\])$/.test(key)) return false;
    // A key with one value has nothing to say.
    if (nodeAt(pathOfKey(key))?.enum?.length === 1) return false;
    const path = pathOfKey(key);
    const seen = new Set<string>();
    const raw = withDefaults(asMeant(withKey(path, sampleOf(nodeAt(path) ?? {}))));
    readConfig(watched(raw, seen) as Raw, createOrigin([], []), {
      default: [],
      cookie: [],
      cipher: [],
      pagination: [],
    });
    return !seen.has(`.${path.join(".")}`);
  });
  expect(unread).toEqual([]);
});
