import { type DescField, getOption, hasOption } from "@bufbuild/protobuf";
import { field as fieldRules } from "../../gen/buf/validate/validate_pb.ts";
import type { Schema } from "./schema.ts";

/**
 * What `buf.validate` says of a field, as JSON Schema. An empty text is the
 * same as none in REST, so that lower bounds of texts are not said.
 */
export const rulesOf = (field: DescField): Schema => {
  if (!hasOption(field, fieldRules)) return {};
  const { type } = getOption(field, fieldRules);
  switch (type.case) {
    case "string": {
      const { maxLen, in: allowed, wellKnown } = type.value;
      const values = allowed.filter((value) => value !== "");
      return {
        ...(maxLen > 0n && { maxLength: Number(maxLen) }),
        ...(values.length > 0 && { enum: values }),
        ...(wellKnown.case === "uuid" && wellKnown.value && { format: "uuid" }),
      };
    }
    case "int32":
    case "uint32": {
      const { greaterThan, lessThan } = type.value;
      return {
        ...(greaterThan.case === "gte" && { minimum: greaterThan.value }),
        ...(lessThan.case === "lte" && { maximum: lessThan.value }),
      };
    }
    case "repeated":
      return type.value.maxItems > 0n ? { maxItems: Number(type.value.maxItems) } : {};
    default:
      return {};
  }
};
