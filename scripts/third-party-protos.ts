import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { printProto } from "./print-proto.ts";

/*
 * Lays out the protos that ours import, and those of gRPC's own services, in
 * third_party/: out of the npm packages that bring them, so that nothing is
 * copied into the repository and nothing is fetched. scripts/install-packages
 * runs it. Whoever takes proto/ elsewhere gets the same files as the modules
 * that docs/clients names.
 */

const root = path.resolve(import.meta.dirname, "..");
const target = path.join(root, "third_party");

const files: Readonly<Record<string, readonly string[]>> = {
  "google-gax/build/protos": [
    "google/api/annotations.proto",
    "google/api/http.proto",
    "google/rpc/error_details.proto",
  ],
  "@grpc/reflection/build/proto": ["grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto"],
  "grpc-health-check/proto": ["health/v1/health.proto"],
};

rmSync(target, { recursive: true, force: true });
for (const [folder, names] of Object.entries(files)) {
  for (const name of names) cpSync(path.join(root, "node_modules", folder, name), path.join(target, name));
}
const validate = path.join(target, "buf/validate/validate.proto");
mkdirSync(path.dirname(validate), { recursive: true });
writeFileSync(validate, printProto(file_buf_validate_validate));
