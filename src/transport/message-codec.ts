import { type DescMessage, fromBinary, fromJsonString, type Message, type MessageShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { fail, type ServiceError } from "../errors/service-error.ts";

/** Deeper than the field rules allow, so that they are the ones to name the field. */
const recursionLimit = 200;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a message. JSON may name no unknown field and no unknown enum value:
 * the library would drop either without a word.
 *
 * @throws MALFORMED_BODY, or INVALID_FIELD when the field is known; never with a value in the text
 */
export const decodeMessage = <Desc extends DescMessage>(desc: Desc, data: Buffer, json: boolean): MessageShape<Desc> => {
  try {
    return json ? fromJsonString(desc, utf8.decode(data), { recursionLimit }) : fromBinary(desc, data, { recursionLimit });
  } catch (error) {
    throw explain(error, desc, json);
  }
};

/** A message on its way out. JSON stays text, which node sends together with the header. */
export type Encoded = string | Buffer;

/** Writes a message. JSON is that of Protobuf, with names in camel case; the documented JSON is the REST door's. */
export const encodeMessage = (desc: DescMessage, message: Message, json: boolean): Encoded => {
  if (json) return toJsonString(desc, message);
  const { buffer, byteOffset, byteLength } = toBinary(desc, message);
  return Buffer.from(buffer, byteOffset, byteLength);
};

const explain = (error: unknown, desc: DescMessage, json: boolean): ServiceError => {
  const inner = error instanceof Error ? error.cause : undefined;
  if (isFieldError(inner)) {
    const { name } = inner.field();
    return fail("INVALID_FIELD", { field: name, explain: `The field ${name} has a value of the wrong kind.` });
  }
  const unknown = error instanceof Error ? /JSON: key "([\w.-]{1,64})" is unknown$/.exec(error.message)?.[1] : undefined;
  if (unknown !== undefined) return fail("INVALID_FIELD", { field: unknown, explain: `${desc.typeName} has no field ${unknown}.` });
  return fail("MALFORMED_BODY", { explain: `The body is not a ${desc.typeName} in ${json ? "JSON" : "binary"}.` });
};
