import { type DescFile, type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { Access, access } from "../../gen/ostiary/options/v1/options_pb.ts";
import { commentOf } from "./comment.ts";
import { createErrorAnswers } from "./errors.ts";
import { createExamples } from "./examples.ts";
import { areaOfRpc } from "./names.ts";
import { pathsOf } from "./operations.ts";
import type { JsonObject } from "./schema.ts";
import { createSchemas, nullableFields } from "./schemas.ts";

/** What the document says of the API as a whole. */
const info = {
  title: "Ostiary",
  summary: "Self-service identity server: profile, password and sign-in.",
  description:
    "The REST protocol, as it follows from the protos. Objects may have more members than are listed. " +
    'Every error that is no form is `{"error": {…}}`.',
  version: "1.0.0",
  license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  contact: { name: "Ostiary" },
} as const;

const securitySchemes = {
  sessionCookie: {
    type: "apiKey",
    in: "cookie",
    name: "ory_kratos_session",
    description: "The session cookie of a browser. Its name can be configured.",
  },
  sessionToken: { type: "apiKey", in: "header", name: "X-Session-Token", description: "A session token, `ory_st_…`." },
  bearerToken: { type: "http", scheme: "bearer", description: "A session token, `ory_st_…`." },
} as const;

const adminKey = { type: "http", scheme: "bearer", description: "A key of the admin port, where it asks for one." };

const isAdmin = (method: DescMethod): boolean => getOption(method, access) === Access.ADMIN;

/**
 * Builds the OpenAPI 3.1 document of all RPCs that have a REST binding.
 *
 * @param mayBeNull of nullableFields: files without comments do not tell
 */
export const buildDocument = (files: readonly DescFile[], mayBeNull = nullableFields(files)): JsonObject => {
  const services = files.flatMap((file) => file.services).sort((a, b) => (a.typeName < b.typeName ? -1 : 1));
  const methods: readonly DescMethod[] = services
    .flatMap((service) => service.methods)
    .filter((method) => hasOption(method, http));
  const schemas = createSchemas(mayBeNull);
  const errors = createErrorAnswers(methods, services, schemas);
  const examples = createExamples(schemas.components);
  const paths = pathsOf(methods, { schemas, errors, exampleFor: examples.of });
  const areas = new Map(methods.map((method) => [areaOfRpc(method), commentOf(method.parent)]));
  return {
    openapi: "3.1.0",
    info,
    servers: [{ url: "http://127.0.0.1:4433", description: "The public port of `make run`." }],
    tags: [...areas].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { ...errors.components(), ...schemas.components() },
      examples: examples.components(),
      securitySchemes: methods.some(isAdmin) ? { ...securitySchemes, adminKey } : securitySchemes,
    },
  };
};

/** The document as text, the same for the same protos. */
export const printDocument = (document: JsonObject): string => `${JSON.stringify(document, null, 2)}\n`;
