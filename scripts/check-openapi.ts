import { readFileSync } from "node:fs";
import { createFileRegistry, type DescFile, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { findBreaking } from "./openapi/breaking.ts";
import { buildDocument } from "./openapi/document.ts";
import type { JsonObject } from "./openapi/schema.ts";
import { nullableFields } from "./openapi/schemas.ts";

/*
 * Compares gen/openapi.json with the document that the accepted contract,
 * proto/accepted.binpb, makes: says what breaks REST clients, and fails then.
 */

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url));

const filesIn = (image: string): readonly DescFile[] =>
  [...createFileRegistry(fromBinary(FileDescriptorSetSchema, read(image))).files].filter(({ proto }) =>
    proto.package.startsWith("ostiary."),
  );

// The accepted contract has no comments; what they say of null is taken from those at hand.
const older = buildDocument(filesIn("proto/accepted.binpb"), nullableFields(filesIn("gen/protos.binpb")));
const newer = JSON.parse(read("gen/openapi.json").toString("utf8")) as JsonObject;

const breaking = findBreaking(older, newer);
for (const line of breaking) console.error(`breaks REST clients: ${line}`);
if (breaking.length > 0) process.exitCode = 1;
