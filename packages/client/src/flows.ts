import type {
  DescMessage,
  DescMethodUnary,
  DescService,
  Message,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { type ContinueWith, FlowType } from "../gen/ostiary/ui/v1/ui_pb.ts";
import type { CallOptions, Client } from "./client.ts";
import type { Failure, FormRejected, Result } from "./failure.ts";
import { formOf, inputOf, type WithForm } from "./form.ts";
import { bodyOf, type FormValues } from "./values.ts";

/** A service of flows: settings, login, registration and their like. */
type FlowService = DescService & {
  readonly method: {
    readonly createFlow: DescMethodUnary;
    readonly getFlow: DescMethodUnary;
    readonly updateFlow: DescMethodUnary;
  };
};

type Method<S extends FlowService, N extends "createFlow" | "getFlow" | "updateFlow"> = S["method"][N];

type Output<M extends DescMethodUnary> = MessageShape<M["output"]>;

/** The flow of a service. */
type FlowOf<S extends FlowService> =
  Output<Method<S, "getFlow">> extends { readonly flow?: infer F }
    ? NonNullable<F> & WithForm & { readonly id: string }
    : never;

/** What UpdateFlow of a service answers. */
type Updated<S extends FlowService> = Output<Method<S, "updateFlow">>;

/** The method that is submitted: `{ case: "password", value: { password: "…" } }`. */
type MethodOf<S extends FlowService> =
  MessageInitShape<Method<S, "updateFlow">["input"]> extends { readonly body?: infer B }
    ? NonNullable<B> extends { readonly method?: infer M }
      ? NonNullable<M>
      : never
    : never;

/** What a flow is created with, beside its kind. */
type CreateOptions<S extends FlowService> = Omit<
  MessageInitShape<Method<S, "createFlow">["input"]>,
  "type" | "$typeName"
>;

/** A submit that was refused; where the form was rejected, `flow` has what is wrong in its nodes. */
export type Refused<F> =
  | { readonly ok: false; readonly failure: FormRejected; readonly flow: F | undefined }
  | { readonly ok: false; readonly failure: Exclude<Failure, FormRejected>; readonly flow?: undefined };

/** What a submit came to. */
export type Submitted<V, F> = { readonly ok: true; readonly value: V } | Refused<F>;

/** Flows of one kind. */
export interface Flows<S extends FlowService> {
  /** Begins a flow. */
  readonly create: (options?: CreateOptions<S>, call?: CallOptions) => Promise<Result<FlowOf<S>>>;
  /** Reads a flow by its id. */
  readonly get: (id: string, call?: CallOptions) => Promise<Result<FlowOf<S>>>;
  /** Submits one method, typed. The anti-CSRF token of the flow goes with it. */
  readonly update: (
    flow: FlowOf<S>,
    method: MethodOf<S>,
    call?: CallOptions,
  ) => Promise<Submitted<Updated<S>, FlowOf<S>>>;
  /** Submits what was typed into the form, by the names of its inputs, that of the pressed button included. */
  readonly submit: (
    flow: FlowOf<S>,
    values: FormValues,
    call?: CallOptions,
  ) => Promise<Submitted<Updated<S>, FlowOf<S>>>;
}

/** The field that a request's body stands in. */
const bodyDesc = (input: DescMessage): DescMessage => {
  const field = input.fields.find(({ name }) => name === "body");
  if (field?.message === undefined) throw new Error(`${input.typeName} has no body`);
  return field.message;
};

/** Creates what calls the flows of a service; createSettings and its like do so for each. */
export const createFlows = <S extends FlowService>(client: Client, service: S): Flows<S> => {
  type F = FlowOf<S>;
  const { createFlow, getFlow, updateFlow } = service.method;

  const flowIn = async (calling: Promise<Result<Message>>): Promise<Result<F>> => {
    const result = await calling;
    if (!result.ok) return result;
    return { ok: true, value: (result.value as unknown as { readonly flow: F }).flow };
  };
  const get: Flows<S>["get"] = (id, call) => flowIn(client.call(getFlow, { id } as never, call));

  const send = async (flow: F, body: unknown, call?: CallOptions): Promise<Submitted<Updated<S>, F>> => {
    const result = await client.call(updateFlow, { flow: flow.id, body } as never, call);
    if (result.ok) {
      await rememberToken(client, result.value);
      return { ok: true, value: result.value as Updated<S> };
    }
    const { failure } = result;
    if (failure.reason !== "form_rejected") return { ok: false, failure };
    // The form with its messages is read, for errors have room for a part of them only.
    const rejected = failure.flowId === flow.id ? await get(flow.id, call) : undefined;
    return { ok: false, failure, flow: rejected?.ok ? rejected.value : undefined };
  };

  return {
    create: (options, call) =>
      flowIn(
        client.call(
          createFlow,
          { ...options, type: client.kind === "native" ? FlowType.API : FlowType.BROWSER } as never,
          call,
        ),
      ),
    get,
    update: (flow, method, call) => {
      const csrfToken = inputOf(formOf(flow), "csrf_token")?.value;
      return send(flow, { method, ...(typeof csrfToken === "string" && { csrfToken }) }, call);
    },
    submit: (flow, values, call) => send(flow, bodyOf(bodyDesc(updateFlow.input), formOf(flow), values), call),
  };
};

/** Stores the session token that a sign-in, a sign-up or a recovery brought. */
const rememberToken = async ({ tokens }: Client, answer: Message): Promise<void> => {
  const token = sessionTokenOf(answer);
  if (tokens !== undefined && token !== "") await tokens.set(token);
};

/** A recovery brings it among what comes next. */
const sessionTokenOf = (answer: Message): string => {
  const { sessionToken, flow } = answer as {
    readonly sessionToken?: string;
    readonly flow?: { readonly continueWith?: readonly ContinueWith[] };
  };
  if (sessionToken !== undefined && sessionToken !== "") return sessionToken;
  for (const { next } of flow?.continueWith ?? [])
    if (next.case === "setOrySessionToken") return next.value.orySessionToken;
  return "";
};
