import { readFile, stat } from "node:fs/promises";
import type { JsonValue } from "@bufbuild/protobuf";
import { type AddressRules, createAddressRules } from "../lib/outbound/address-rules.ts";
import { createOutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import { bounds } from "./bounds.ts";
import { compileIdentitySchema, type IdentitySchema } from "./identity-schema.ts";
import { SchemaError, SchemaLoadError } from "./schema-error.ts";

/** The identity schemas of a server. */
export interface Schemas {
  /** By its id, or the unpadded base64url of it (docs/compatibility.md, rule 22). */
  get(id: string): IdentitySchema | undefined;
  /** The schema an identity was stored with. Throws when the configuration has lost it. */
  must(id: string): IdentitySchema;
  /** In the order of the configuration. */
  list(): readonly IdentitySchema[];
  /** The one that people get who did not choose. */
  readonly default: IdentitySchema;
}

/** The part of the configuration that names the schemas. */
export interface SchemaSources {
  readonly default_schema_id: string;
  readonly schemas: readonly { readonly id: string; readonly url: string; readonly selfservice_selectable: boolean }[];
}

/** What loading needs beside the configuration. */
export interface LoadOptions {
  readonly publicBaseUrl: string;
  readonly addressRules?: AddressRules;
}

/** Milliseconds that a schema's server has. */
const timeout = 10_000;
const tooLarge = `is larger than ${bounds.schemaBytes} bytes`;

async function readFileUrl(url: URL): Promise<Buffer> {
  if ((await stat(url)).size > bounds.schemaBytes) throw new Error(tooLarge);
  return readFile(url);
}

/** How often a schema's server may send us on. */
const mostRedirects = 5;

/** Asks the configured host, and then those that it sends us on to: they must be the same or public. */
async function ask(url: URL, rules: AddressRules, signal: AbortSignal, from = url, redirects = 0): Promise<Response> {
  if (!/^https?:$/.test(url.protocol)) throw new Error("the server sends us on to what is no http:// or https:// URL");
  const policy = rules.addressesOf(url, url.hostname === from.hostname);
  const response = await outbound(url.href, {
    method: "GET",
    headers: { accept: "application/schema+json, application/json" },
    signal,
    policy,
  });
  const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
  if (location === null) return response;
  await response.body?.cancel();
  if (redirects >= mostRedirects) throw new Error("the server sends us on too often");
  return ask(new URL(location, url), rules, signal, from, redirects + 1);
}

const outbound = createOutboundFetch();

async function readHttp(url: URL, rules: AddressRules): Promise<Buffer> {
  const response = await ask(url, rules, AbortSignal.timeout(timeout));
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the rest of the answer.
    if (size > bounds.schemaBytes) throw new Error(tooLarge);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function read(source: string, rules: AddressRules): Promise<Buffer> {
  if (source.startsWith("base64://")) return Buffer.from(source.slice("base64://".length), "base64");
  const url = new URL(source);
  switch (url.protocol) {
    case "file:":
      return readFileUrl(url);
    case "http:":
    case "https:":
      return readHttp(url, rules);
    default:
      throw new Error(`a schema comes from file://, base64://, http:// or https://, not ${url.protocol}`);
  }
}

/**
 * Loads and compiles every configured schema. Throws one error that tells of
 * all schemas that do not load, one a line.
 */
export async function loadSchemas(
  sources: SchemaSources,
  { publicBaseUrl, addressRules = createAddressRules() }: LoadOptions,
): Promise<Schemas> {
  const load = async ({
    id,
    url,
    selfservice_selectable,
  }: SchemaSources["schemas"][number]): Promise<IdentitySchema> => {
    let json: JsonValue;
    try {
      json = JSON.parse((await read(url, addressRules)).toString("utf8"));
    } catch (cause) {
      // A base64 address holds the document itself, which is no part of a message.
      const submittedValues = url.startsWith("base64://") ? "base64://…" : url;
      throw new SchemaError(
        id,
        "#",
        `cannot be read from ${submittedValues}: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    }
    return compileIdentitySchema({ id, json, publicUrl: publicBaseUrl, selectable: selfservice_selectable });
  };
  const results = await Promise.allSettled(sources.schemas.map(load));
  const faults = results.flatMap((result) =>
    result.status === "rejected"
      ? [result.reason instanceof Error ? result.reason.message : String(result.reason)]
      : [],
  );
  const schemas = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const byId = new Map(schemas.map((schema) => [schema.id, schema]));
  if (sources.schemas.length !== new Set(sources.schemas.map(({ id }) => id)).size)
    faults.push("identity.schemas: an id occurs twice");
  const fallback = byId.get(sources.default_schema_id);
  if (fallback === undefined && faults.length === 0)
    faults.push(`identity.default_schema_id: there is no schema ${JSON.stringify(sources.default_schema_id)}`);
  if (fallback === undefined || faults.length > 0) throw new SchemaLoadError(faults.join("\n"));
  return {
    get: (id) => byId.get(id) ?? byId.get(Buffer.from(id, "base64url").toString()),
    must: (id) => {
      const schema = byId.get(id);
      if (schema === undefined)
        throw new Error(`the identity schema ${JSON.stringify(id)} is in use but not configured`);
      return schema;
    },
    list: () => schemas,
    default: fallback,
  };
}
