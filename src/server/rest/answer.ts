import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { creates, writes_on_get } from "../../../gen/ostiary/options/v1/options_pb.ts";
import { optionOf } from "../option-of.ts";
import type { Printers } from "./encode.ts";
import { etagField, type Route } from "./http-rule.ts";
import { isNavigation } from "./names.ts";

/** What a route makes of the messages its RPC answers. */
export interface Answer {
  /** The status of a success that prints something. */
  readonly status: 200 | 201;
  /** The JSON text of what the route answers. */
  readonly print: (message: Message) => string;
  /** Whether the type has anything to print. */
  readonly prints: boolean;
  /** Whether this message leaves out all that the route answers: a `response_body` that may be left out. */
  readonly isEmpty: (message: Message) => boolean;
  /** Whether this message holds anything of what would be printed. */
  readonly holds: (message: Message) => boolean;
  /** Where a browser goes next; undefined when it stays. */
  readonly navigation: (message: Message) => string | undefined;
  /** The route does nothing but redirect: even JSON is redirected. */
  readonly onlyRedirects: boolean;
  /** Browsers navigate to this RPC, so its failures may end at the error page. */
  readonly navigated: boolean;
  /** A version to send as `ETag`. */
  readonly etag: (message: Message) => string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Compiles what a route answers from the types of its RPC. */
export const compileAnswer = (route: Route, printers: Printers): Answer => {
  const { method, responseBody } = route;
  const { output } = method;
  const leading = output.fields.filter(isNavigation).map((field) => field.localName);
  const printed = responseBody === undefined ? output.fields.filter((field) => !isNavigation(field)) : [responseBody];
  const whole = printers.of(output);
  const part = responseBody && printers.ofField(responseBody);
  const etag = responseBody && etagField(output);

  return {
    status: optionOf(method, creates) ? 201 : 200,
    print: part && responseBody ? (message) => part(fieldValue(message, responseBody)) : whole,
    prints: printed.length > 0,
    isEmpty: (message) =>
      responseBody?.proto.proto3Optional === true && fieldValue(message, responseBody) === undefined,
    holds: (message) => printed.some((field) => isSet(fieldValue(message, field))),
    navigation: (message) => {
      for (const name of leading) {
        const place = (message as unknown as Fields)[name];
        if (typeof place === "string" && place !== "") return place;
      }
      return undefined;
    },
    onlyRedirects:
      route.verb === "GET" && printed.length === 0 && leading.length > 0 && !optionOf(method, writes_on_get),
    navigated: leading.length > 0 || leads(method.input),
    etag: (message) =>
      etag === undefined ? undefined : (fieldValue(message, etag) as string | undefined) || undefined,
  };
};

const leads = (desc: DescMessage): boolean => desc.fields.some(isNavigation);

const fieldValue = (message: Message, field: DescField): unknown => {
  const fields = message as unknown as Fields;
  if (field.oneof === undefined) return fields[field.localName];
  const held = fields[field.oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined;
  return held?.case === field.localName ? held.value : undefined;
};

const isSet = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== "" && value !== 0 && value !== 0n && value !== false;
};
