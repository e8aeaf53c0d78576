import { durationMs, timestampDate } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import {
  ErrorInfoSchema,
  FlowExpiredSchema,
  FlowReplacedSchema,
  FormRejectedSchema,
  Reason,
  ReauthenticateSchema,
  StepUpRequiredSchema,
} from "../gen/ostiary/errors/v1/errors_pb.ts";
import { type Text, textOf } from "./text.ts";

/** Reasons that bring something of their own, and those of the network. */
type Special =
  | "form_rejected"
  | "session_refresh_required"
  | "aal2_required"
  | "flow_expired"
  | "flow_replaced"
  | "invalid_field"
  | "unspecified";

/** Why a call failed, in the words of `ostiary.errors.v1.Reason`: `session_inactive`. */
export type ReasonName = Lowercase<keyof typeof Reason>;

interface FailureBase {
  /** For developers; it may change. */
  readonly message: string;
  /** The `error.id` of REST; empty where it has none. */
  readonly id: string;
  readonly code: Code;
  /** Seconds to wait before trying again, where the server says so. */
  readonly retryAfter: number | undefined;
}

/** The submitted values were rejected, and nothing was written. */
export interface FormRejected extends FailureBase {
  readonly reason: "form_rejected";
  readonly flowId: string;
  /** The flow that has the form: `settings`, `login`, `registration`. */
  readonly flowKind: string;
  /** What is wrong; `node` is the input's name, empty for the form as a whole. */
  readonly messages: readonly { readonly node: string; readonly text: Text }[];
}

/** The person has to prove again who they are. */
export interface RefreshRequired extends FailureBase {
  readonly reason: "session_refresh_required";
  /** First factors that the person has. */
  readonly methods: readonly string[];
  /** Seconds that a sign-in is recent enough for. */
  readonly maxAge: number;
  readonly nativeLoginUrl: string;
  readonly redirectBrowserTo: string;
  readonly flowId: string;
}

/** The person has to prove who they are by a second factor. */
export interface StepUpRequired extends FailureBase {
  readonly reason: "aal2_required";
  /** Second factors that the person has. */
  readonly methods: readonly string[];
  /** Seconds that a second factor is recent enough for; 0: as long as the session lasts. */
  readonly maxAge: number;
  readonly nativeLoginUrl: string;
  readonly redirectBrowserTo: string;
  /** Second factors that the person can set up, where they have none and one is required. */
  readonly enrolMethods: readonly string[];
  /** Where a native app creates the settings flow to set one up in; empty where the person has one. */
  readonly nativeSettingsUrl: string;
}

/** The flow is too old. */
export interface FlowExpired extends FailureBase {
  readonly reason: "flow_expired";
  /** The flow to go on with; empty where there is none. */
  readonly useFlowId: string;
  /** Undefined where the answer does not say: REST says it of submits only. */
  readonly expiredAt: Date | undefined;
}

/** The flow has ended, though it has not expired: its secret was used, or tried too often. */
export interface FlowReplaced extends FailureBase {
  readonly reason: "flow_replaced";
  /** The flow to go on with; empty where there is none. */
  readonly useFlowId: string;
}

/** A field of the request cannot be used. */
export interface InvalidField extends FailureBase {
  readonly reason: "invalid_field";
  readonly fields: readonly { readonly field: string; readonly description: string }[];
}

/** Any other reason, among them `session_inactive` and `rate_limited`. */
export interface OtherFailure extends FailureBase {
  readonly reason: Exclude<ReasonName, Special>;
}

/** The server was not reached, or something else answered in its place. */
export interface Unreached extends FailureBase {
  readonly reason: "unreached";
  readonly cause: unknown;
}

/** Why a call failed. `reason` tells the cases apart. */
export type Failure =
  | FormRejected
  | RefreshRequired
  | StepUpRequired
  | FlowExpired
  | FlowReplaced
  | InvalidField
  | OtherFailure
  | Unreached;

/** What a call came to. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** Makes a failure of whatever a transport threw. */
export const toFailure = (thrown: unknown): Failure => {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  const base: FailureBase = {
    message: error.rawMessage,
    id: info?.id ?? "",
    code: error.code,
    retryAfter: retry?.retryDelay && durationMs(retry.retryDelay) / 1000,
  };
  if (info === undefined || info.reason === Reason.UNSPECIFIED) return { ...base, reason: "unreached", cause: thrown };
  return special(info.reason, base, error) ?? { ...base, reason: nameOf(info.reason) as OtherFailure["reason"] };
};

const special = (reason: Reason, base: FailureBase, error: ConnectError): Failure | undefined => {
  switch (reason) {
    case Reason.FORM_REJECTED: {
      const [form] = error.findDetails(FormRejectedSchema);
      return {
        ...base,
        reason: "form_rejected",
        flowId: form?.flowId ?? "",
        flowKind: form?.flowKind ?? "",
        messages: (form?.messages ?? []).map(({ node, text }) => ({ node, text: textOf(text) })),
      };
    }
    case Reason.SESSION_REFRESH_REQUIRED: {
      const [again] = error.findDetails(ReauthenticateSchema);
      return {
        ...base,
        reason: "session_refresh_required",
        methods: again?.methods ?? [],
        maxAge: again?.maxAge ?? 0,
        nativeLoginUrl: again?.nativeLoginUrl ?? "",
        redirectBrowserTo: again?.redirectBrowserTo ?? "",
        flowId: again?.flowId ?? "",
      };
    }
    case Reason.AAL2_REQUIRED: {
      const [step] = error.findDetails(StepUpRequiredSchema);
      return {
        ...base,
        reason: "aal2_required",
        methods: step?.methods ?? [],
        maxAge: step?.maxAge ?? 0,
        nativeLoginUrl: step?.nativeLoginUrl ?? "",
        redirectBrowserTo: step?.redirectBrowserTo ?? "",
        enrolMethods: step?.enrolMethods ?? [],
        nativeSettingsUrl: step?.nativeSettingsUrl ?? "",
      };
    }
    case Reason.FLOW_EXPIRED: {
      const [expired] = error.findDetails(FlowExpiredSchema);
      return {
        ...base,
        reason: "flow_expired",
        useFlowId: expired?.useFlowId ?? "",
        expiredAt: expired?.expiredAt && timestampDate(expired.expiredAt),
      };
    }
    case Reason.FLOW_REPLACED: {
      const [replaced] = error.findDetails(FlowReplacedSchema);
      return { ...base, reason: "flow_replaced", useFlowId: replaced?.useFlowId ?? "" };
    }
    case Reason.INVALID_FIELD: {
      const [request] = error.findDetails(BadRequestSchema);
      const fields = (request?.fieldViolations ?? []).map(({ field, description }) => ({ field, description }));
      return { ...base, reason: "invalid_field", fields };
    }
    default:
      return undefined;
  }
};

const nameOf = (reason: Reason): string =>
  (Object.entries(Reason).find(([, number]) => number === reason)?.[0] ?? "internal").toLowerCase();
