import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";

/** The documents as `make generate` writes them. */
const folder = new URL("../../gen/", import.meta.url);

/** Where each version of the document is answered. */
const documents = { "/openapi.json": "openapi.json", "/openapi-3.0.json": "openapi-3.0.json" } as const;

/** What is answered on a port. */
export interface OpenApiOptions {
  readonly port: "public" | "admin";
  /** URL that clients reach the port at; their calls go there. */
  readonly baseUrl: string;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly "x-ostiary-access"?: string }>>>>;
}

/**
 * Answers the OpenAPI documents of a port: of its operations, with its URL as
 * the server. They are made when they are first asked for: most servers never are.
 */
export const mountOpenApi = (app: FastifyInstance, { port, baseUrl }: OpenApiOptions): void => {
  for (const [path, name] of Object.entries(documents)) {
    let text: string | undefined;
    app.get(path, (_request, reply) => {
      text ??= documentOf(name, port, baseUrl);
      return reply
        .header("cache-control", "private, no-cache, no-store, must-revalidate")
        .header("x-content-type-options", "nosniff")
        .type("application/json; charset=utf-8")
        .send(text);
    });
  }
};

const documentOf = (name: string, port: OpenApiOptions["port"], baseUrl: string): string => {
  const document = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Document;
  const isHere = ({ "x-ostiary-access": access }: { readonly "x-ostiary-access"?: string }): boolean =>
    (access === "admin") === (port === "admin");
  const paths = Object.entries(document.paths).flatMap(([path, operations]) => {
    const here = Object.entries(operations).filter(([, operation]) => isHere(operation));
    return here.length === 0 ? [] : [[path, Object.fromEntries(here)]];
  });
  return JSON.stringify({
    ...document,
    servers: [{ url: baseUrl.replace(/\/+$/, "") }],
    paths: Object.fromEntries(paths),
  });
};
