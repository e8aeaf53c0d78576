import type { DescEnum, DescField, DescOneof } from "@bufbuild/protobuf";
import { rest, tag } from "../../../gen/ostiary/options/v1/options_pb.ts";
import { optionOf } from "../option-of.ts";

/** The member a field is in JSON: its proto name, or `(rest).name`. */
export const memberName = (field: DescField): string => optionOf(field, rest).name || field.name;

/** True for a field that says how a browser is led on, and is never printed. */
export const isNavigation = (field: DescField): boolean => optionOf(field, rest).navigation;

/** The member that names a oneof's case; undefined when the oneof has no tag. */
export const tagOf = (oneof: DescOneof): string | undefined => optionOf(oneof, tag) || undefined;

/** How an enum's values print: the name without the enum's prefix, lower case. By number. */
export const enumNames = (desc: DescEnum): ReadonlyMap<number, string> => {
  const prefix = desc.sharedPrefix ?? "";
  return new Map(desc.values.map((value) => [value.number, value.name.slice(prefix.length).toLowerCase()]));
};
