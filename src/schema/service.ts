import { SchemaService } from "../../gen/ostiary/schema/v1/schema_service_pb.ts";
import { serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import { defineService } from "../lib/service.ts";
import type { Schemas } from "./sources.ts";

/*
 * The identity schemas, for whoever builds a form by hand. They are public: a
 * schema describes people, it does not tell of any.
 */

const DEFAULT_PAGE = 250;

/** Creates the SchemaService. */
export const createSchemaService = ({
  schemas,
  csrf,
}: {
  readonly schemas: Schemas;
  /** Sets the anti-CSRF cookie of a browser that has none. */
  readonly csrf: { ensure(call: Call): unknown };
}) =>
  defineService(SchemaService, {
    listSchemas: {
      run: async (request, call) => {
        csrf.ensure(call);
        const size = request.pageSize || request.perPage || DEFAULT_PAGE;
        const start = request.pageToken === "" ? (Math.max(1, request.page) - 1) * size : readToken(request.pageToken);
        const all = schemas.list();
        call.reply.headers.set("x-total-count", String(all.length));
        return {
          $typeName: "ostiary.schema.v1.ListSchemasResponse",
          schemas: all
            .slice(start, start + size)
            .map(({ id, json }) => ({ $typeName: "ostiary.schema.v1.IdentitySchema", id, schema: json })),
          nextPageToken: start + size < all.length ? String(start + size) : "",
        };
      },
    },
    getSchema: {
      run: async ({ id }) => {
        const schema = schemas.get(id);
        if (schema === undefined)
          throw serviceError("NOT_FOUND", { explain: "There is no identity schema of this id." });
        return { $typeName: "ostiary.schema.v1.GetSchemaResponse", schema: schema.json };
      },
    },
  });

const readToken = (token: string): number => {
  if (!/^\d{1,9}$/.test(token))
    throw serviceError("INVALID_FIELD", { field: "page_token", explain: "This page_token is not valid." });
  return Number(token);
};
