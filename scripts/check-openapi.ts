import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { findBreaking } from "./openapi/breaking.ts";
import { buildDocument } from "./openapi/document.ts";
import type { JsonObject } from "./openapi/schema.ts";

/*
 * Compares gen/openapi.json with the document that the accepted contract,
 * proto/accepted.binpb, makes: says what breaks REST clients, and fails then.
 */

const accepted = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(new URL("../proto/accepted.binpb", import.meta.url))),
);
const older = buildDocument([...accepted.files].filter(({ proto }) => proto.package.startsWith("ostiary.")));
const newer = JSON.parse(readFileSync(new URL("../gen/openapi.json", import.meta.url), "utf8")) as JsonObject;

const breaking = findBreaking(older, newer);
for (const line of breaking) console.error(`breaks REST clients: ${line}`);
if (breaking.length > 0) process.exitCode = 1;
