import { create, toBinary } from "@bufbuild/protobuf";
import { type NewIdentity, NewIdentitySchema } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { sha256 } from "../../lib/digest.ts";
import { uuidText } from "../../lib/ids.ts";

/** Lines are counted in 30 bits. */
const MOST_LINES = 2 ** 30;

/**
 * The id of whoever comes by a line of an import (UUID v8, RFC 9562): the same line of the same import is the same
 * person, whenever and to whichever node it is sent, and the ids of an import follow each other.
 *
 * 60 bits are of the import, 30 the number of the line, and 32 of what the owner knows of themselves anyway: schema,
 * traits and external id. Nothing of a password or of what operators note goes into an id.
 */
export const importedId = (importId: string, line: number, given: NewIdentity): string => {
  const { schemaId, traits, externalId } = given;
  const known = create(NewIdentitySchema, { schemaId, externalId, ...(traits && { traits }) });
  const bytes = Buffer.alloc(16);
  sha256(`import\0${importId}`).copy(bytes, 0, 0, 8);
  bytes.writeUInt32BE(line % MOST_LINES, 8);
  sha256(toBinary(NewIdentitySchema, known)).copy(bytes, 12, 0, 4);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return uuidText(bytes);
};
