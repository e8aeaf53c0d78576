import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { IdentitySchema } from "../../gen/ostiary/identity/v1/identity_pb.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import { renderIdentity } from "../identity/render.ts";
import type { Schemas } from "../schema/sources.ts";

/**
 * Creates what says an account as its owner sees it, by the names of the API: neither credentials nor what operators
 * alone know.
 */
export const createDescribeIdentity =
  (schemas: Pick<Schemas, "get">) =>
  (identity: IdentityRecord): JsonObject => ({
    ...(toJson(IdentitySchema, renderIdentity(identity, schemas.get(identity.schemaId)?.url ?? ""), {
      useProtoFieldName: true,
    }) as JsonObject),
    state: identity.state,
  });
