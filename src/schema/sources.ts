import type { JsonValue } from "@bufbuild/protobuf";
import { type AddressRules, createAddressRules } from "../lib/outbound/address-rules.ts";
import { readDocument } from "../lib/outbound/document.ts";
import { createOutboundFetch, type OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import { compileIdentitySchema, type IdentitySchema, schemaUrl } from "./identity-schema.ts";
import { SchemaError, SchemaLoadError } from "./schema-error.ts";

/** The identity schemas of a server. */
export interface Schemas {
  /** By its id, or the unpadded base64url of it (docs/compatibility.md, rule 22). */
  get(id: string): IdentitySchema | undefined;
  /** The schema an identity was stored with. Throws when the configuration has lost it. */
  must(id: string): IdentitySchema;
  /** Where a schema stands, also one that the configuration has lost: people who have it are shown all the same. */
  urlOf(id: string): string;
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
  readonly fetch?: OutboundFetch;
}

/** Milliseconds that a schema's server has. */
const timeout = 10_000;
/** How often a schema's server may send us on. */
const mostRedirects = 5;

/** What is asked of a schema's server. */
interface Asked {
  readonly url: URL;
  readonly fetch: OutboundFetch;
  readonly rules: AddressRules;
  readonly signal: AbortSignal;
  /** The URL of the configuration. Default: `url`. */
  readonly from?: URL;
  /** How often a server has sent us on. Default 0. */
  readonly redirects?: number;
}

/** Asks the configured host, and then those that it sends us on to: they must be the same or public. */
async function ask(asked: Asked): Promise<Response> {
  const { url, fetch, rules, signal, from = url, redirects = 0 } = asked;
  if (!/^https?:$/.test(url.protocol)) throw new Error("the server redirects to a URL that is not http:// or https://");
  const policy = rules.addressesOf(url, url.hostname === from.hostname);
  const response = await fetch(url.href, {
    method: "GET",
    headers: { accept: "application/schema+json, application/json" },
    signal,
    policy,
  });
  const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
  if (location === null) return response;
  await response.body?.cancel();
  if (redirects >= mostRedirects) throw new Error("the server redirects too often");
  return ask({ ...asked, url: new URL(location, url), from, redirects: redirects + 1 });
}

/**
 * Loads and compiles every configured schema. Throws one error that tells of
 * all schemas that do not load, one a line.
 */
export async function loadSchemas(
  sources: SchemaSources,
  { publicBaseUrl, addressRules: rules = createAddressRules(), fetch = createOutboundFetch() }: LoadOptions,
): Promise<Schemas> {
  const get = (url: string) => ask({ url: new URL(url), fetch, rules, signal: AbortSignal.timeout(timeout) });
  const load = async ({
    id,
    url,
    selfservice_selectable,
  }: SchemaSources["schemas"][number]): Promise<IdentitySchema> => {
    let json: JsonValue;
    try {
      json = JSON.parse(await readDocument(url, get));
    } catch (cause) {
      // A base64 address holds the document itself, which is no part of a message.
      const shownUrl = url.startsWith("base64://") ? "base64://…" : url;
      throw new SchemaError(
        id,
        "#",
        `cannot be read from ${shownUrl}: ${cause instanceof Error ? cause.message : String(cause)}`,
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
    urlOf: (id) => byId.get(id)?.url ?? schemaUrl(publicBaseUrl, id),
    list: () => schemas,
    default: fallback,
  };
}
