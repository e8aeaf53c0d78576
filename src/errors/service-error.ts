import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { StacklessError } from "../lib/stackless-error.ts";
import { type ErrorName, type ErrorRow, errorTable } from "./table.ts";

/** A typed detail that gRPC and Connect clients find on the error. */
export interface ErrorDetail {
  readonly desc: DescMessage;
  readonly value: Message;
}

/** Pairs a message with its descriptor. */
export const detail = <Desc extends DescMessage>(desc: Desc, value: MessageShape<Desc>): ErrorDetail => ({
  desc,
  value,
});

/** What one failure adds to its row of the table. */
export interface ErrorParts {
  /** Why, in a sentence for a developer: `error.reason`. Never a secret. */
  readonly explain?: string;
  /** The field at fault, in dotted notation; becomes google.rpc.BadRequest. */
  readonly field?: string;
  /** `error.details` of the REST protocol. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Members beside `error` in the REST body, such as `use_flow_id`. */
  readonly siblings?: Readonly<Record<string, unknown>>;
  /** Response headers, such as `WWW-Authenticate` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Typed details for gRPC and Connect, beside ErrorInfo. */
  readonly typed?: readonly ErrorDetail[];
  /** Where a browser that wants HTML goes; left out, to the error page. */
  readonly location?: string | undefined;
  /**
   * The rejected form itself. REST answers it instead of the envelope, in
   * process; the other protocols send FormRejected and the client calls GetFlow.
   */
  readonly form?: ErrorDetail;
  /** What really happened, for the log alone. */
  readonly cause?: unknown;
}

/** A failure that the service itself decided on. Anything else thrown is INTERNAL. */
export class ServiceError extends StacklessError {
  override readonly name = "ServiceError";
  readonly row: ErrorRow;
  readonly parts: ErrorParts;

  constructor(name: ErrorName, parts: ErrorParts = {}) {
    super(parts.explain ?? errorTable[name].message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.row = errorTable[name];
    this.parts = parts;
  }

  /** The same failure, with a place for browsers to go if it had none. */
  at(location: string | undefined): ServiceError {
    if (location === undefined || this.parts.location !== undefined) return this;
    return Object.assign(Object.create(ServiceError.prototype) as ServiceError, this, {
      message: this.message,
      parts: { ...this.parts, location },
    });
  }
}

/** Creates a failure by its name in the table. Throw it, or return it. */
export const serviceError = (name: ErrorName, parts?: ErrorParts): ServiceError => new ServiceError(name, parts);
