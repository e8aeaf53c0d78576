import { create, toBinary } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema as GoogleErrorInfoSchema,
  RetryInfoSchema,
} from "../../../gen/google/rpc/error_details_pb.ts";
import {
  ErrorInfoSchema,
  type FormRejected,
  FormRejectedSchema,
  ReasonSchema,
} from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { detail, type ErrorDetail, type ServiceError } from "../../errors/service-error.ts";
import type { ErrorRow } from "../../errors/table.ts";
import { cutText } from "../../lib/cut-text.ts";

/**
 * Bytes that all details may take. They travel in a trailer, in base64, and
 * clients of the C core refuse more than 8 kB of those; 4 kB is what we promise.
 */
const room = 2_900;

const longestMessage = 300;

type OutgoingDetail = NonNullable<ConstructorParameters<typeof ConnectError>[3]>[number];

/**
 * Turns a failure into what Connect, gRPC and gRPC-Web send: the code of its
 * row, ErrorInfo always (ours, and google.rpc's for tools that know no other),
 * BadRequest when fields are at fault, RetryInfo when there is a time to wait,
 * and the details of its own, as far as there is room.
 */
export const toConnectError = (failure: ServiceError): ConnectError => {
  const { row, parts } = failure;
  const details = [
    detail(ErrorInfoSchema, create(ErrorInfoSchema, { reason: row.reason, id: row.id })),
    googleErrorInfo(row),
    ...retryInfo(parts.headers?.["retry-after"]),
    ...(parts.typed ?? []),
    ...(parts.field === undefined ? [] : [badRequest([{ field: parts.field, description: failure.message }])]),
  ];
  return new ConnectError(
    cutText(failure.message, longestMessage),
    row.code,
    { ...parts.headers },
    withinRoom(details) as OutgoingDetail[],
  );
};

const domain = "ostiary";

const googleErrorInfo = ({ reason, id }: ErrorRow): ErrorDetail =>
  detail(
    GoogleErrorInfoSchema,
    create(GoogleErrorInfoSchema, {
      reason: ReasonSchema.value[reason]?.localName ?? "",
      domain,
      metadata: id === "" ? {} : { id },
    }),
  );

const retryInfo = (after: string | undefined): ErrorDetail[] => {
  const seconds = Number(after);
  return after === undefined || !Number.isFinite(seconds)
    ? []
    : [detail(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: durationFromMs(seconds * 1000) }))];
};

const badRequest = (
  fieldViolations: readonly { readonly field: string; readonly description: string }[],
): ErrorDetail => detail(BadRequestSchema, create(BadRequestSchema, { fieldViolations: [...fieldViolations] }));

/** Takes the details that fit, in order. A rejected form is shortened and followed by its fields as BadRequest. */
const withinRoom = (details: readonly ErrorDetail[]): ErrorDetail[] => {
  let left = room;
  const fitting: ErrorDetail[] = [];
  const addIfFits = (candidate: ErrorDetail): boolean => {
    const size = toBinary(candidate.desc, candidate.value).length;
    if (size > left) return false;
    left -= size;
    fitting.push(candidate);
    return true;
  };
  for (const candidate of details) {
    if (candidate.desc.typeName !== FormRejectedSchema.typeName) {
      addIfFits(candidate);
      continue;
    }
    const form = candidate.value as FormRejected;
    for (let stored = form.messages.length; stored > 0; stored = Math.floor(stored / 2)) {
      const messages = form.messages.slice(0, stored);
      if (!addIfFits(detail(FormRejectedSchema, create(FormRejectedSchema, { ...form, messages })))) continue;
      const violations = messages.flatMap(({ node, text }) =>
        node === "" ? [] : [{ field: node, description: text?.text ?? "" }],
      );
      if (violations.length > 0) addIfFits(badRequest(violations));
      break;
    }
  }
  return fitting;
};
