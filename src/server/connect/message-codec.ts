import {
  type DescMessage,
  fromBinary,
  fromJsonString,
  type Message,
  type MessageShape,
  type Registry,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import { jsonShapeFault } from "../../lib/json-shape.ts";
import { wireShapeFault } from "../wire-shape.ts";

/** Deeper than what is accepted, which was counted before. */
const recursionLimit = 400;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a message. JSON may name no unknown field and no unknown enum value:
 * the library would drop either without a word.
 *
 * @param times how many times the usual number of values it may have
 * @throws MALFORMED_BODY, or INVALID_FIELD when the field is known; never with a value in the text
 */
export const decodeMessage = <Desc extends DescMessage>(
  desc: Desc,
  data: Buffer,
  json: boolean,
  registry?: Registry,
  times = 1,
): MessageShape<Desc> => {
  const fault = json ? jsonShapeFault(data, times) : wireShapeFault(desc, data, times);
  if (fault !== undefined) throw serviceError("MALFORMED_BODY", { explain: fault });
  try {
    return json
      ? fromJsonString(desc, utf8.decode(data), { recursionLimit, ...(registry && { registry }) })
      : fromBinary(desc, data, { recursionLimit, readUnknownFields: false });
  } catch (error) {
    throw explain(error, desc, json);
  }
};

/** A message on its way out. JSON stays text, which node sends together with the header. */
export type Encoded = string | Buffer;

/** Writes a message. JSON is that of Protobuf, with names in camel case; the documented JSON is the REST protocol's. */
export const encodeMessage = (desc: DescMessage, message: Message, json: boolean, registry?: Registry): Encoded => {
  if (json) return toJsonString(desc, message, registry && { registry });
  const { buffer, byteOffset, byteLength } = toBinary(desc, message);
  return Buffer.from(buffer, byteOffset, byteLength);
};

const explain = (error: unknown, desc: DescMessage, json: boolean): ServiceError => {
  const { message = "", cause } = error instanceof Error ? error : {};
  if (isFieldError(cause)) return wrongKind([cause.field().name]);
  const unknown = /JSON: key "([\w.-]{1,64})" is unknown$/.exec(message)?.[1];
  if (unknown !== undefined)
    return serviceError("INVALID_FIELD", { field: unknown, explain: `${desc.typeName} has no field ${unknown}.` });
  const type = /^cannot decode (?:message|enum) ([\w.]+) from JSON/.exec(message)?.[1];
  const fields = type === undefined || type === desc.typeName ? [] : fieldsOf(desc, type);
  return fields.length > 0
    ? wrongKind(fields)
    : serviceError("MALFORMED_BODY", {
        explain:
          `The body cannot be read as ${desc.typeName}: it must be ` +
          `${json ? "one JSON object" : "its binary form"}.`,
      });
};

/** The library may know no more than the type of the field at fault. */
const wrongKind = (fields: readonly string[]) =>
  serviceError("INVALID_FIELD", {
    field: fields.join(","),
    explain: `The field ${fields.join(" or ")} has a value of the wrong kind.`,
  });

/** Paths of the fields of a type, in dotted notation. */
const fieldsOf = (desc: DescMessage, type: string, within = "", above: readonly DescMessage[] = []): string[] =>
  above.includes(desc)
    ? []
    : desc.fields.flatMap((field) => {
        const path = `${within}${field.name}`;
        if ((field.message ?? field.enum)?.typeName === type) return [path];
        return field.message ? fieldsOf(field.message, type, `${path}.`, [...above, desc]) : [];
      });
