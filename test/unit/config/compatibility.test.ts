import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { asMeant } from "../../../src/config/as-meant.ts";
import { isUnsupported, isUnsupportedHook, refusedValue } from "../../../src/config/features.ts";
import { findMissingGuards } from "../../../src/config/guards.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { nodeAt, type SchemaNode } from "../../../src/config/schema.ts";
import { assign, type Path, printPath, type Raw } from "../../../src/config/tree.ts";
import { validate } from "../../../src/config/validate.ts";

/*
 * What the reference's configuration may say, held against ours:
 * config-keys.json lists its keys with the types of their values, as facts.
 */

interface Key {
  /** `a.b[].c`; `*` is any key. */
  readonly key: string;
  readonly type: "object" | "array" | "string" | "boolean" | "integer" | "number";
  readonly form?: "url" | "duration" | "size";
  readonly values?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** A map that takes keys nobody knows. */
  readonly open?: boolean;
}

const keys = JSON.parse(readFileSync("test/compatibility-data/config-keys.json", "utf8")) as readonly Key[];

/** Values that ours holds to a narrower form than any text, with one that fits. */
const narrower: Readonly<Record<string, string>> = {
  dsn: "mysql://u:p@tcp(127.0.0.1:3306)/d",
  "cookies.domain": "example.com",
  "cookies.path": "/a",
  "cookies.secure": "true",
  "session.cookie.domain": "example.com",
  "session.cookie.path": "/a",
  "session.cookie.secure": "false",
  "secrets.default[]": "sixteen characters or more",
  "secrets.cookie[]": "sixteen characters or more",
  "secrets.cipher[]": "exactly thirty-two bytes of text",
  "serve.public.cors.allowed_origins[]": "https://app.example.com",
  "identity.schemas[].url": "base64://e30=",
  "selfservice.methods.oidc.config.providers[].mapper_url": "base64://e30=",
  "courier.smtp.connection_uri": "smtps://user:pass@mail.example.com:465/?skip_ssl_verify=true",
  "courier.smtp.from_address": "no-reply@example.com",
  "selfservice.methods.link.config.base_url": "https://id.example.com/",
};

const pathOf = (key: string): Path =>
  key.split(/\.|(?=\[\])/).map((part) => (part === "[]" ? 0 : part === "*" ? "anything" : part));

const samplesOf = ({ key, type, form, values, minimum, maximum }: Key): readonly unknown[] => {
  if (narrower[key] !== undefined) return [narrower[key]];
  if (values !== undefined) return values;
  if (form === "duration") return ["1h", "1h30m", "10m", "90s", "500ms", "10us"];
  if (form === "size") return ["128MB", "8KB", "1GB", "65536B"];
  if (form === "url") return ["https://app.example.com/path"];
  if (type === "boolean") return [true, false];
  if (type === "integer") return [minimum ?? 5, Math.min(maximum ?? 64, 64)];
  if (type === "number") return [0.5];
  return type === "object" || type === "array" ? [] : ["text"];
};

/** What an entry of a list needs beside the key in question. */
const beside = (raw: Raw): Raw => {
  const has = (path: Path) =>
    path.reduce<unknown>((value, part) => (value as Raw | undefined)?.[part as string], raw) !== undefined;
  const fill = (tree: Raw, at: Path, values: Raw) =>
    Object.entries(values).reduce<Raw>(
      (filled, [name, value]) => (has([...at, name]) ? filled : (assign(filled, [...at, name], value) as Raw)),
      tree,
    );
  const schema = ["identity", "schemas", 0];
  const provider = ["selfservice", "methods", "oidc", "config", "providers", 0];
  let filled = raw;
  if (has(schema)) filled = fill(filled, schema, { id: "default", url: "base64://e30=" });
  if (has(["identity", "default_schema_id"])) filled = fill(filled, schema, { id: "text", url: "base64://e30=" });
  if (has(provider)) {
    filled = fill(filled, provider, {
      id: "p",
      provider: "generic",
      client_id: "c",
      client_secret: "s",
      issuer_url: "https://p.example",
      mapper_url: "base64://e30=",
    });
    filled = fill(filled, provider, { apple_team_id: "a", apple_private_key_id: "b", apple_private_key: "c" });
  }
  return filled;
};

const withValue = ({ key }: Key, value: unknown): Raw => {
  const path = pathOf(key);
  const raw = assign({}, path, value) as Raw;
  // A hook needs its name.
  const hook = path.lastIndexOf("hooks");
  const named =
    hook < 0 || path.at(-1) === "hook" ? raw : (assign(raw, [...path.slice(0, hook + 2), "hook"], "web_hook") as Raw);
  return beside(named);
};

const typesOf = (node: SchemaNode | undefined) => node?.type;

describe("every key of the reference's configuration", () => {
  test("is known, be it acted on or named as not there yet", () => {
    expect(keys.length).toBeGreaterThan(600);
    expect(keys.filter(({ key }) => nodeAt(pathOf(key)) === undefined).map(({ key }) => key)).toEqual([]);
  });

  test("has a value of the same kind, where the server acts on it", () => {
    const acted = keys.filter(({ key }) => !isUnsupported(pathOf(key)));
    const alike = (type: Key["type"], ours: string | undefined) =>
      ours === undefined ||
      type === ours ||
      (type === "string" && (ours === "boolean" || ours === "array")) ||
      (type === "integer" && ours === "number");
    expect(acted.filter(({ key, type }) => !alike(type, typesOf(nodeAt(pathOf(key))))).map(({ key }) => key)).toEqual(
      [],
    );
  });

  test("loads with each value that the reference takes, or says what to do instead", () => {
    const refused: string[] = [];
    for (const key of keys) {
      for (const value of samplesOf(key)) {
        if (refusedValue(pathOf(key.key), value) !== undefined) continue;
        const { mistakes } = validate(asMeant(withValue(key, value)));
        refused.push(
          ...mistakes.map(({ path, message }) => `${key.key} = ${String(value)}: ${printPath(path)} ${message}`),
        );
      }
    }
    expect(refused).toEqual([]);
  });

  test("ends the start only where it asks for a guard that is not there", () => {
    const stopping = keys
      .filter(({ key }) => !key.includes("organizations[]"))
      .flatMap((key) =>
        samplesOf(key)
          .filter((value) => findMissingGuards(withValue(key, value)).length > 0)
          .map((value) => `${key.key.replace(/^selfservice\./, "")} = ${String(value)}`),
      );
    expect(stopping).toEqual([
      "flows.settings.after.profile.hooks[].hook = verify_new_address",
      "oauth2_provider.url = https://app.example.com/path",
    ]);
  });

  test("takes unknown keys in maps that are open there, with a warning that names them", () => {
    const open = keys.filter(
      ({ open: isOpen, key }) =>
        isOpen && !key.endsWith("requested_claims.userinfo") && !key.endsWith("requested_claims.id_token"),
    );
    expect(open.length).toBeGreaterThanOrEqual(20);
    for (const { key, type } of open) {
      const raw = beside(assign({}, [...pathOf(key), "tomorrow"], { a: 1 }) as Raw);
      expect(validate(raw).mistakes, `${key} (${type})`).toEqual([]);
      if (key.includes("b2b")) continue; // not looked into at all
      const { warnings } = loadConfig({ files: [], env: {}, overrides: raw });
      expect(warnings.join("\n")).toContain(`${printPath([...pathOf(key), "tomorrow"])} is no key of this server`);
    }
  });

  test("refuses unknown keys in all other maps", () => {
    const closed = keys.filter(
      ({ key, type, open }) =>
        type === "object" &&
        !open &&
        !/\.(?:headers|requested_claims|templates|providers|config|b2b|tokenizer\.templates)$/.test(key) &&
        !/\.(?:recovery_code|verification_code)$/.test(key),
    );
    const taken = closed.filter(({ key }) => {
      const node = nodeAt(pathOf(key));
      return (
        node?.additionalProperties !== true &&
        typeof node?.additionalProperties !== "object" &&
        validate(beside(assign({}, [...pathOf(key), "tomorrow"], 1) as Raw)).mistakes.length === 0
      );
    });
    expect(taken.map(({ key }) => key)).toEqual([]);
  });
});

test("hooks of the reference are either there or named as not there yet", () => {
  const names = new Set(keys.filter(({ key }) => key.endsWith("hooks[].hook")).flatMap(({ values = [] }) => values));
  expect([...names].filter((name) => !isUnsupportedHook(name)).sort()).toEqual([
    "notify_previous_addresses",
    "require_verified_address",
    "revoke_active_sessions",
    "session",
    "show_verification_ui",
    "verification",
    "verify_new_address",
    "web_hook",
  ]);
});
