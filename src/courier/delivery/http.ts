import type { JsonObject } from "@bufbuild/protobuf";
import type { HttpDeliveryConfig } from "../../config/courier-config.ts";
import type { JsonnetEngine } from "../../lib/jsonnet/engine.ts";
import { runFunction } from "../../lib/jsonnet/run-function.ts";
import type { AddressRules } from "../../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../../lib/outbound/outbound-fetch.ts";
import type { ReadableMessage, RenderedMessage } from "../render.ts";
import { createTemplateData } from "../template-data.ts";
import { type Delivery, type DeliveryResult, failedFor } from "./delivery.ts";

/** What delivering by a request to another service needs. */
export interface HttpDeliveryOptions {
  readonly config: HttpDeliveryConfig;
  /** The program that makes the body, if the configuration has one. */
  readonly program: string | undefined;
  readonly engine: JsonnetEngine;
  readonly fetch: OutboundFetch;
  readonly addressRules: AddressRules;
  /** Milliseconds of one attempt. */
  readonly timeout: number;
}

/** Creates delivery by a request to another service. Any answer of 2xx is success; no redirect is followed. */
export const createHttpDelivery = (options: HttpDeliveryOptions): Delivery => {
  const { config, fetch, addressRules, timeout } = options;
  const url = new URL(config.url);
  return {
    deliver: async (message, rendered, signal) => {
      const policy = addressRules.policyOf(url, true);
      if (policy === undefined) return failedFor("HTTP: the address may not be asked");
      const body = await makeBody(options, message, rendered);
      if (body.kind === "failed") return body;
      try {
        const response = await fetch(config.url, {
          method: config.method,
          headers: headersOf(config, message.id),
          ...(config.method !== "GET" && { body: body.text }),
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
          policy,
        });
        await response.body?.cancel();
        return response.ok ? { kind: "sent" } : refusalOf(response);
      } catch (error) {
        signal.throwIfAborted();
        return failedFor(`HTTP: ${codeOf(error)}`);
      }
    },
    close: () => undefined,
  };
};

const makeBody = async (
  { config, program, engine }: HttpDeliveryOptions,
  message: ReadableMessage,
  rendered: RenderedMessage,
): Promise<{ readonly kind: "body"; readonly text: string } | (DeliveryResult & { readonly kind: "failed" })> => {
  const context = createContext(message, rendered, config.from);
  if (program === undefined) return { kind: "body", text: JSON.stringify(standardBody(context)) };
  const evaluated = await runFunction(engine, program, context);
  if (evaluated.kind === "value") return { kind: "body", text: evaluated.json };
  const isPermanent = evaluated.kind === "error" && evaluated.isTooLong === true;
  return { kind: "failed", reason: `the body cannot be made: ${evaluated.explain}`, isPermanent };
};

/** What the program of a body is given: `ctx`. */
const createContext = (message: ReadableMessage, rendered: RenderedMessage, from: string | undefined): JsonObject => {
  const { template, recipient, channel, content } = message;
  const { members } = createTemplateData(template, recipient, content);
  const texts = { subject: rendered.subject, body: rendered.text, ...(rendered.html && { html_body: rendered.html }) };
  return {
    recipient,
    ...texts,
    template_type: template,
    template_data: { ...members, ...texts },
    message_type: channel,
    request_headers: {},
    ...(from !== undefined && { from }),
  };
};

const standardMembers = [
  "to",
  "recovery_code",
  "recovery_url",
  "verification_code",
  "verification_url",
  "login_code",
  "registration_code",
  "subject",
  "body",
];

/** The body where the configuration has no program for it. What a message has not is null. */
const standardBody = ({ recipient = "", template_type = "", template_data: data }: JsonObject): JsonObject => {
  const members = data as JsonObject;
  return {
    recipient,
    template_type,
    ...Object.fromEntries(standardMembers.map((name) => [name, members[name] ?? null])),
  };
};

const headersOf = ({ headers, auth }: HttpDeliveryConfig, id: string): Readonly<Record<string, string>> => ({
  "content-type": "application/json",
  // The same at every attempt: whoever delivers can tell a repetition.
  "idempotency-key": id,
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  ...(auth?.type === "basic_auth" && {
    authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString("base64")}`,
  }),
  ...(auth?.type === "api_key" &&
    (auth.in === "header"
      ? { [auth.name.toLowerCase()]: auth.value }
      : { cookie: `${auth.name}=${encodeURIComponent(auth.value)}` })),
});

const refusalOf = ({ status, headers }: Response): DeliveryResult => {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return {
    kind: "failed",
    reason: `HTTP: the service answered ${status}`,
    isPermanent: false,
    ...(Number.isFinite(seconds) && seconds > 0 && { after: Math.min(seconds, 3_600) * 1_000 }),
  };
};

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "TimeoutError") return "no answer in time";
  return (error as NodeJS.ErrnoException).code ?? error.name;
};
