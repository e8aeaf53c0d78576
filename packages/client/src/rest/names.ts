import { type DescEnum, type DescField, type DescMessage, type DescOneof, getOption } from "@bufbuild/protobuf";
import { rest, tag } from "../../gen/ostiary/options/v1/options_pb.ts";

/** The member that a field is in REST's JSON. */
export const memberName = (field: DescField): string => getOption(field, rest).name || field.name;

/** The member that names a oneof's case; undefined for a oneof without. */
export const tagOf = (oneof: DescOneof): string | undefined => getOption(oneof, tag) || undefined;

/** The field that says where a browser goes next; undefined where the message has none. */
export const navigationField = (message: DescMessage): DescField | undefined =>
  message.fields.find((field) => getOption(field, rest).navigation);

const prefixOf = (desc: DescEnum): string => desc.sharedPrefix ?? "";

/** `SHOW_FORM` of the enum State is `show_form`. */
export const enumName = (desc: DescEnum, number: number): string =>
  (desc.value[number]?.name ?? "").slice(prefixOf(desc).length).toLowerCase();

/** The value of that name; 0 for names of later releases. */
export const enumNumber = (desc: DescEnum, name: unknown): number =>
  desc.values.find((value) => value.name.slice(prefixOf(desc).length).toLowerCase() === name)?.number ?? 0;
