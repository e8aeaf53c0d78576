import { Code } from "@connectrpc/connect";
import { Reason } from "../../gen/ostiary/errors/v1/errors_pb.ts";

/** One kind of failure: how each protocol says it. */
export interface ErrorRow {
  readonly reason: Reason;
  /** gRPC and Connect code. */
  readonly code: Code;
  /** HTTP status of the REST protocol. */
  readonly status: number;
  /** `error.id` of the REST protocol; clients key on it. Empty: Ory Kratos has none. */
  readonly id: string;
  /** `error.message`: one sentence that is true of every such failure. */
  readonly message: string;
  /** Row of docs/errors.md: when it happens and what to do. */
  readonly doc: string;
}

const row = (reason: Reason, code: Code, status: number, id: string, message: string, doc: string): ErrorRow => ({
  reason,
  code,
  status,
  id,
  message,
  doc,
});

/**
 * Every error of the service. REST takes its status from here, never from the
 * protocol's own mapping. For HTML the place to go is the error's `location`;
 * without one it is the error page.
 */
// biome-ignore format: a table, read by its columns
export const errorTable = {
  INTERNAL: row(Reason.INTERNAL, Code.Internal, 500,
    "", "An internal server error occurred.",
    "Something broke that is not the caller's doing; the log has the request id."),
  UNAVAILABLE: row(Reason.UNAVAILABLE, Code.Unavailable, 503,
    "", "The service is not available right now.",
    "The database cannot be reached; try again."),
  OUTCOME_UNKNOWN: row(Reason.OUTCOME_UNKNOWN, Code.Unavailable, 503,
    "", "It is not known whether this took effect.",
    "The database was lost at the very end: look before you try again."),
  SESSION_INACTIVE: row(Reason.SESSION_INACTIVE, Code.Unauthenticated, 401,
    "session_inactive", "The request could not be authorized.",
    "There is no session, or it is over: sign in."),
  SESSION_ALREADY_AVAILABLE: row(Reason.SESSION_ALREADY_AVAILABLE, Code.FailedPrecondition, 400,
    "session_already_available", "A valid session was detected.",
    "Signed in already: use the session, or ask for `refresh`."),
  SESSION_REFRESH_REQUIRED: row(Reason.SESSION_REFRESH_REQUIRED, Code.PermissionDenied, 403,
    "session_refresh_required", "The session is too old for this change.",
    "Sign in again with `refresh=true`, then resume the flow."),
  AAL2_REQUIRED: row(Reason.AAL2_REQUIRED, Code.PermissionDenied, 403,
    "session_aal2_required", "A second factor is required.",
    "Log in with `aal=aal2`."),
  AAL1_REQUIRED: row(Reason.AAL1_REQUIRED, Code.Unauthenticated, 401,
    "session_aal1_required", "A session is required before a second factor.",
    "Log in first."),
  FORM_REJECTED: row(Reason.FORM_REJECTED, Code.InvalidArgument, 400,
    "", "The form was rejected.",
    "The messages say which field and why; nothing was written."),
  FLOW_EXPIRED: row(Reason.FLOW_EXPIRED, Code.FailedPrecondition, 410,
    "self_service_flow_expired", "The flow has expired.",
    "Go on with `use_flow_id`, or create a new flow."),
  FLOW_REPLACED: row(Reason.FLOW_REPLACED, Code.FailedPrecondition, 410,
    "self_service_flow_replaced", "The flow was replaced by another one.",
    "Go on with `use_flow_id`: what was sent was used already, or tried too often."),
  FLOW_NOT_FOUND: row(Reason.FLOW_NOT_FOUND, Code.NotFound, 404,
    "", "The requested flow does not exist.",
    "The id is wrong, or the flow was purged: create a new one."),
  FLOW_DISABLED: row(Reason.FLOW_DISABLED, Code.FailedPrecondition, 400,
    "self_service_flow_disabled", "This flow is disabled.",
    "Switched off by configuration."),
  METHOD_DISABLED: row(Reason.METHOD_DISABLED, Code.NotFound, 404,
    "", "This method is disabled.",
    "Switched off by configuration."),
  IDENTITY_MISMATCH: row(Reason.IDENTITY_MISMATCH, Code.PermissionDenied, 403,
    "security_identity_mismatch", "The flow belongs to someone else.",
    "Create a flow with the session at hand."),
  CSRF_VIOLATION: row(Reason.CSRF_VIOLATION, Code.PermissionDenied, 403,
    "security_csrf_violation", "The anti-CSRF check failed.",
    "Send the cookie and the flow's csrf_token together; see `details`."),
  UNTRUSTED_ORIGIN: row(Reason.UNTRUSTED_ORIGIN, Code.PermissionDenied, 403,
    "security_csrf_violation", "The request comes from a site that is not trusted.",
    "Call from an origin that the configuration names."),
  RETURN_TO_FORBIDDEN: row(Reason.RETURN_TO_FORBIDDEN, Code.InvalidArgument, 400,
    "self_service_flow_return_to_forbidden", "The return_to address is not allowed.",
    "Add it to `selfservice.allowed_return_urls`."),
  INVALID_FIELD: row(Reason.INVALID_FIELD, Code.InvalidArgument, 400,
    "", "A field of the request is not valid.",
    "`details` names the field."),
  MALFORMED_BODY: row(Reason.MALFORMED_BODY, Code.InvalidArgument, 400,
    "", "The body could not be read.",
    "Send JSON, a form or multipart, as an object."),
  BODY_TOO_LARGE: row(Reason.BODY_TOO_LARGE, Code.ResourceExhausted, 413,
    "", "The body is too large.",
    "A body is limited in bytes, decompressed: more with a live session than without one."),
  IDENTITY_DISABLED: row(Reason.IDENTITY_DISABLED, Code.FailedPrecondition, 400,
    "identity_disabled", "This account was disabled.",
    "An administrator must enable it."),
  LOGOUT_TOKEN_MISMATCH: row(Reason.LOGOUT_TOKEN_MISMATCH, Code.PermissionDenied, 403,
    "", "The logout token does not fit the session.",
    "Create a new logout flow."),
  SESSION_TOKEN_UNKNOWN: row(Reason.SESSION_TOKEN_UNKNOWN, Code.PermissionDenied, 403,
    "", "There is no session with this token.",
    "The token is wrong."),
  NOT_FOUND: row(Reason.NOT_FOUND, Code.NotFound, 404,
    "", "The requested resource does not exist.",
    "The id is wrong."),
  RATE_LIMITED: row(Reason.RATE_LIMITED, Code.ResourceExhausted, 429,
    "", "Too many attempts.",
    "Wait for as long as `Retry-After` says."),
  OVERLOADED: row(Reason.OVERLOADED, Code.ResourceExhausted, 503,
    "", "Too much work at once.",
    "Wait for as long as `Retry-After` says."),
  ETAG_MISMATCH: row(Reason.ETAG_MISMATCH, Code.Aborted, 412,
    "", "The account has changed in the meantime.",
    "Read the flow again and repeat the change."),
  BROWSER_LOCATION_CHANGE_REQUIRED: row(Reason.BROWSER_LOCATION_CHANGE_REQUIRED, Code.FailedPrecondition, 422,
    "browser_location_change_required", "The browser must go elsewhere first.",
    "Navigate to `redirect_browser_to`."),
  SESSION_AMBIGUOUS: row(Reason.SESSION_AMBIGUOUS, Code.Unauthenticated, 401,
    "session_inactive", "Cookie and token name different sessions.",
    "Send one of the two."),
  ADMIN_ONLY: row(Reason.ADMIN_ONLY, Code.PermissionDenied, 403,
    "", "This is answered on the admin port only.",
    "Call the admin port."),
  OPERATOR_UNKNOWN: row(Reason.OPERATOR_UNKNOWN, Code.Unauthenticated, 401,
    "", "The admin port does not know the caller.",
    "Send an API key that `serve.admin.auth` lists, or a client certificate."),
  NOT_LOCAL: row(Reason.NOT_LOCAL, Code.PermissionDenied, 403,
    "", "The admin port answers this machine only.",
    "Call from the server's machine, without proxy and browser, or configure `serve.admin.auth`."),
  SCOPE_REQUIRED: row(Reason.SCOPE_REQUIRED, Code.PermissionDenied, 403,
    "", "The operator may not make this call.",
    "`details.scope` names the scope that is missing."),
  ALREADY_EXISTS: row(Reason.ALREADY_EXISTS, Code.AlreadyExists, 409,
    "", "What must be unique belongs to another identity.",
    "Choose another identifier, address or external id."),
  UPSTREAM_FAILED: row(Reason.UPSTREAM_FAILED, Code.Unavailable, 502,
    "", "A server that is needed did not answer rightly.",
    "Try again later."),
  VERIFIED_ADDRESS_REQUIRED: row(Reason.VERIFIED_ADDRESS_REQUIRED, Code.PermissionDenied, 403,
    "session_verified_address_required", "An address of the account must be verified first.",
    "Go on with the verification flow that `details.continue_with` names, then sign in."),
  UPSTREAM_TIMED_OUT: row(Reason.UPSTREAM_TIMED_OUT, Code.DeadlineExceeded, 504,
    "", "A server that is needed did not answer in time.",
    "Try again later."),
  STREAM_DISABLED: row(Reason.STREAM_DISABLED, Code.FailedPrecondition, 400,
    "", "Events are not streamed.",
    "Set `events.stream.enabled`."),
  RESUME_TOKEN_EXPIRED: row(Reason.RESUME_TOKEN_EXPIRED, Code.OutOfRange, 410,
    "", "Events that follow this resume_token were purged.",
    "Read the state of the identities anew, and watch without a token; or keep events longer."),
  FLOW_REFUSED: row(Reason.FLOW_REFUSED, Code.PermissionDenied, 403,
    "flow_refused", "The flow was refused.",
    "A hook refuses it before it begins; `reason` says why."),
  MERGE_REFUSED: row(Reason.MERGE_REFUSED, Code.PermissionDenied, 403,
    "merge_refused", "The accounts cannot be merged.",
    "`details.refusals` says why, as `GET /account/merge` does before (docs/merge.md)."),
} as const satisfies Record<string, ErrorRow>;

/** The name of a row of the table. */
export type ErrorName = keyof typeof errorTable;
