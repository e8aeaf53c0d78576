import {
  create,
  type DescMethodUnary,
  getOption,
  type JsonObject,
  type JsonValue,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorTable } from "../../gen/error-table.ts";
import { BadRequestSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  ErrorInfoSchema,
  FlowExpiredSchema,
  FlowReplacedSchema,
  FormRejectedSchema,
  MergeRefusedSchema,
  Reason,
  ReauthenticateSchema,
  StepUpRequiredSchema,
} from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { common_errors, rpc_errors } from "../../gen/ostiary/errors/v1/rpc_errors_pb.ts";
import { type UiContainer, UiContainerSchema, UiTextType } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { isObject, readMessage } from "./read.ts";

type Details = NonNullable<ConstructorParameters<typeof ConnectError>[3]>;

/** A failed answer of REST. */
export interface FailedAnswer {
  readonly status: number;
  readonly body: JsonValue | undefined;
  /** Query and path that were asked for. */
  readonly place: string;
  readonly retryAfter: string | null;
}

/** Makes of a failed answer of REST the error that the other protocols send. */
export const restError = (method: DescMethodUnary, answer: FailedAnswer): ConnectError => {
  const { body, status } = answer;
  if (!isObject(body))
    return new ConnectError(`HTTP status ${status}`, status >= 500 ? Code.Unavailable : Code.Unknown);
  if (isObject(body.ui)) return rejected(body);
  const error = isObject(body.error) ? body.error : {};
  const row = rowOf(method, status, error);
  const details: Details = [
    {
      desc: ErrorInfoSchema,
      value: create(ErrorInfoSchema, { reason: row?.reason ?? Reason.UNSPECIFIED, id: text(error.id) }),
    },
    ...detailsOf(row?.reason, body, error, answer),
  ];
  return new ConnectError(text(error.reason) || text(error.message), row?.code ?? Code.Unknown, undefined, details);
};

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** The row of the table: by what the RPC may answer, then by status, id and message. */
const rowOf = (method: DescMethodUnary, status: number, error: JsonObject) => {
  const listed = new Set<Reason>([
    ...getOption(method, rpc_errors).reasons,
    ...getOption(method.parent, common_errors).reasons,
  ]);
  const rows = errorTable.filter((row) => row.status === status && row.id === text(error.id));
  const own = rows.filter((row) => listed.has(row.reason));
  const candidates = own.length > 0 ? own : rows;
  return candidates.find((row) => row.message === error.message) ?? candidates[0];
};

const detailsOf = (
  reason: Reason | undefined,
  body: JsonObject,
  error: JsonObject,
  { place, retryAfter }: FailedAnswer,
): Details => {
  const more = isObject(error.details) ? error.details : {};
  const to = text(body.redirect_browser_to);
  const found: Details = [];
  if (reason === Reason.SESSION_REFRESH_REQUIRED) {
    const again = isObject(more.reauthenticate) ? more.reauthenticate : {};
    found.push({
      desc: ReauthenticateSchema,
      value: create(ReauthenticateSchema, {
        ...authenticationOf(again),
        maxAge: Number(again.max_age ?? 0),
        redirectBrowserTo: to,
        flowId: flowIn(place),
      }),
    });
  }
  if (reason === Reason.AAL2_REQUIRED)
    found.push({
      desc: StepUpRequiredSchema,
      value: create(StepUpRequiredSchema, {
        ...authenticationOf(more),
        maxAge: Number(more.max_age ?? 0),
        enrolMethods: Array.isArray(more.enrol_methods) ? more.enrol_methods.map(String) : [],
        nativeSettingsUrl: text(more.native_settings_url),
        redirectBrowserTo: to,
      }),
    });
  if (reason === Reason.FLOW_EXPIRED) {
    const expiredAt = Date.parse(text(body.expired_at));
    found.push({
      desc: FlowExpiredSchema,
      value: create(FlowExpiredSchema, {
        useFlowId: text(body.use_flow_id),
        ...(!Number.isNaN(expiredAt) && { expiredAt: timestampFromDate(new Date(expiredAt)) }),
      }),
    });
  }
  if (reason === Reason.FLOW_REPLACED)
    found.push({
      desc: FlowReplacedSchema,
      value: create(FlowReplacedSchema, { useFlowId: text(body.use_flow_id) }),
    });
  if (reason === Reason.MERGE_REFUSED)
    found.push({
      desc: MergeRefusedSchema,
      value: create(MergeRefusedSchema, { refusals: Array.isArray(more.refusals) ? more.refusals.map(String) : [] }),
    });
  if (text(more.field) !== "")
    found.push({
      desc: BadRequestSchema,
      value: create(BadRequestSchema, {
        fieldViolations: [{ field: text(more.field), description: text(error.reason) }],
      }),
    });
  const seconds = Number(retryAfter ?? Number.NaN);
  if (Number.isFinite(seconds))
    found.push({
      desc: RetryInfoSchema,
      value: create(RetryInfoSchema, { retryDelay: durationFromMs(seconds * 1000) }),
    });
  return found;
};

const authenticationOf = (json: JsonObject) => ({
  methods: Array.isArray(json.methods) ? json.methods.map(String) : [],
  nativeLoginUrl: text(json.native_login_url),
});

const flowIn = (place: string): string => new URLSearchParams(place.split("?")[1] ?? "").get("flow") ?? "";

/** A form that REST answers with its messages in it. */
const rejected = (flow: JsonObject): ConnectError => {
  const ui = readMessage(UiContainerSchema, isObject(flow.ui) ? flow.ui : {}) as UiContainer;
  const messages: MessageInitShape<typeof FormRejectedSchema>["messages"] = [
    ...ui.messages.filter(({ type }) => type === UiTextType.ERROR).map((message) => ({ node: "", text: message })),
    ...ui.nodes.flatMap(({ attributes, messages: own }) =>
      own
        .filter(({ type }) => type === UiTextType.ERROR)
        .map((message) => ({
          node: attributes?.kind.case === "input" ? attributes.kind.value.name : "",
          text: message,
        })),
    ),
  ];
  const kind = /self-service\/(\w+)/.exec(ui.action)?.[1] ?? "";
  return new ConnectError("The form was rejected.", Code.InvalidArgument, undefined, [
    { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason: Reason.FORM_REJECTED }) },
    {
      desc: FormRejectedSchema,
      value: create(FormRejectedSchema, { flowId: text(flow.id), flowKind: kind, messages }),
    },
  ]);
};
