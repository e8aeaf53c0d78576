/** The answers of an operation that are errors, from the lists of reasons and the table of errors. */
import { STATUS_CODES } from "node:http";
import { type DescMessage, type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { Reason, ReasonSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { common_errors, rpc_errors } from "../../gen/ostiary/errors/v1/rpc_errors_pb.ts";
import { type ErrorRow, errorTable } from "../../src/errors/table.ts";
import { pascal } from "./names.ts";
import { type JsonObject, refTo, type Schema } from "./schema.ts";
import type { Schemas } from "./schemas.ts";

const rows: readonly ErrorRow[] = Object.values(errorTable);

const nameOf = (reason: Reason): string => (ReasonSchema.value[reason]?.name ?? "").replace(/^REASON_/, "");

/** `FLOW_EXPIRED` is `ErrorFlowExpired`. */
const componentOf = (row: ErrorRow): string => `Error${pascal(nameOf(row.reason).toLowerCase())}`;

const url = { type: "string", description: "URL to which the browser navigates." };

/** What stands beside `error`, by reason. */
const siblings: ReadonlyMap<Reason, { readonly properties: JsonObject; readonly required?: readonly string[] }> =
  new Map([
    [
      Reason.FLOW_EXPIRED,
      {
        properties: {
          expired_at: { type: "string", format: "date-time", description: "When the flow expired." },
          since: { type: "integer", format: "int64", description: "How long ago that was, in nanoseconds." },
          use_flow_id: { type: "string", description: "Id of the flow that replaces it." },
        },
      },
    ],
    [Reason.SESSION_REFRESH_REQUIRED, { properties: { redirect_browser_to: url }, required: ["redirect_browser_to"] }],
    [Reason.AAL2_REQUIRED, { properties: { redirect_browser_to: url }, required: ["redirect_browser_to"] }],
    [
      Reason.BROWSER_LOCATION_CHANGE_REQUIRED,
      { properties: { redirect_browser_to: url }, required: ["redirect_browser_to"] },
    ],
  ]);

const errorMembers = (row?: ErrorRow): Schema => ({
  type: "object",
  properties: {
    id:
      row === undefined
        ? { type: "string", description: "What kind of error it is. Left out where the status says it all." }
        : { type: "string", const: row.id },
    code:
      row === undefined
        ? { type: "integer", format: "int32", description: "The HTTP status." }
        : { type: "integer", const: row.status },
    status: {
      type: "string",
      description: "The name of the HTTP status.",
      examples: [STATUS_CODES[row?.status ?? 404] ?? ""],
    },
    request: { type: "string", description: "The client's own `X-Request-Id`." },
    reason: { type: "string", description: "What was wrong with this request." },
    details: {
      type: "object",
      additionalProperties: true,
      description: "More, for programs: `field` names the field at fault.",
    },
    message: {
      type: "string",
      description: "One sentence that is true of every such error.",
      ...(row !== undefined && { examples: [row.message] }),
    },
  },
  required: [...(row === undefined ? [] : ["id"]), "code", "message"],
});

/** The components of errors that have an `id` and are answered, and the one that stands for all that have none. */
const errorComponents = (answered: ReadonlySet<Reason>): Readonly<Record<string, Schema>> => {
  const components: Record<string, Schema> = {
    Error: {
      description: "An error, as REST says it.",
      type: "object",
      properties: { error: errorMembers() },
      required: ["error"],
    },
  };
  for (const row of rows) {
    if (row.id === "" || !answered.has(row.reason)) continue;
    const beside = siblings.get(row.reason);
    components[componentOf(row)] = {
      description: `${row.message} ${row.doc}`,
      type: "object",
      properties: { error: errorMembers(row), ...beside?.properties },
      required: ["error", ...(beside?.required ?? [])],
    };
  }
  return components;
};

/** The reasons that an RPC answers: its own, and those of its service. */
const reasonsOf = (method: DescMethod): ReadonlySet<Reason> =>
  new Set([
    ...(hasOption(method, rpc_errors) ? getOption(method, rpc_errors).reasons : []),
    ...(hasOption(method.parent, common_errors) ? getOption(method.parent, common_errors).reasons : []),
  ]);

/** The flow that GetFlow of a service answers; undefined for services without. */
export const flowOf = (service: DescService): DescMessage | undefined =>
  service.methods
    .find(({ name }) => name === "GetFlow")
    ?.output.fields.find(({ name, message }) => name === "flow" && message !== undefined)?.message;

/** Says which errors an operation answers, by status. */
export interface ErrorAnswers {
  readonly of: (method: DescMethod) => Readonly<Record<string, JsonObject>>;
  /** The components that the answers refer to. */
  readonly components: () => Readonly<Record<string, Schema>>;
}

/**
 * @param methods all that are answered over REST
 * @param services all services: the form of an RPC that has no flow of its own may be of any
 */
export const createErrorAnswers = (
  methods: readonly DescMethod[],
  services: readonly DescService[],
  schemas: Schemas,
): ErrorAnswers => {
  const flows = services.flatMap((service) => flowOf(service) ?? []);

  const forms = (method: DescMethod): Schema[] => {
    const own = flowOf(method.parent);
    // A sign-in with a provider may go on in a flow of another kind: the own one stands first.
    const others = flows.filter((flow) => flow !== own);
    return [...(own === undefined ? [] : [own]), ...others].map((flow) => schemas.ofMessage(flow, "printed"));
  };

  const answer = (method: DescMethod, group: readonly ErrorRow[]): JsonObject => {
    const typed = group.filter((row) => row.id !== "").map((row) => refTo(componentOf(row)));
    const hasForm = group.some(({ reason }) => reason === Reason.FORM_REJECTED);
    const isPlain = group.some(({ id, reason }) => id === "" && reason !== Reason.FORM_REJECTED);
    const unique = [
      ...new Map(
        [...typed, ...(isPlain ? [refTo("Error")] : []), ...(hasForm ? forms(method) : [])].map((schema) => [
          JSON.stringify(schema),
          schema,
        ]),
      ).values(),
    ];
    const [only] = unique;
    return {
      description: group.map((row) => `\`${nameOf(row.reason)}\`: ${row.message} ${row.doc}`).join("\n\n"),
      content: { "application/json": { schema: unique.length === 1 && only !== undefined ? only : { anyOf: unique } } },
    };
  };

  return {
    components: () => errorComponents(new Set(methods.flatMap((method) => [...reasonsOf(method)]))),
    of: (method) => {
      const reasons = reasonsOf(method);
      const answered = rows.filter(({ reason }) => reasons.has(reason));
      const statuses = [...new Set(answered.map(({ status }) => status))].sort((a, b) => a - b);
      return Object.fromEntries(
        statuses.map((status) => [
          String(status),
          answer(
            method,
            answered.filter((row) => row.status === status),
          ),
        ]),
      );
    },
  };
};
