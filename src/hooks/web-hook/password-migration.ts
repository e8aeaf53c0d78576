import { type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { IdentitySchema } from "../../../gen/ostiary/identity/v1/identity_pb.ts";
import type { PasswordMigrationConfig } from "../../config/password-config.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { Call } from "../../lib/call.ts";
import type { AddressRules } from "../../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../../lib/outbound/outbound-fetch.ts";
import { createSendRequest } from "../../lib/outbound/send-request.ts";
import { outgoingHeaders } from "../../lib/trace.ts";
import type { Schemas } from "../../schema/sources.ts";
import { readWebHookConfig, sendsBody } from "./config.ts";
import { createPrepareRequest } from "./request.ts";

/*
 * Asks another server whether a password is right that came without a hash:
 * `selfservice.methods.password.config.migrate_hook` (docs/admin.md).
 */

/** What asking needs. */
export interface PasswordMigrationDeps {
  readonly fetch: OutboundFetch;
  readonly rules: AddressRules;
  readonly schemas: Schemas;
  /** Milliseconds for the request and its answer. */
  readonly timeout: number;
  readonly log: { warn(data: object, message: string): void };
}

/** Bytes of an answer. */
const LONGEST_ANSWER = 65_536;

const at = "selfservice.methods.password.config.migrate_hook.config";

/** The body is always the same: that of a web hook is left empty. */
const asWebHook = ({ body: _, ...config }: PasswordMigrationConfig["config"]) => ({
  method: "POST",
  ...config,
  fields: {},
});

/** What is wrong with the configuration, where there is one. */
export const findPasswordMigrationFaults = (
  { enabled, config }: PasswordMigrationConfig,
  rules: AddressRules,
): readonly { readonly path: string; readonly message: string }[] => {
  if (!enabled) return [];
  const own =
    config.body === undefined
      ? []
      : [{ path: `${at}.body`, message: "has no effect: the body is the identifier, the password and the identity" }];
  const read = readWebHookConfig(asWebHook(config));
  if (!("url" in read)) return [...own, ...read.map(({ path, message }) => ({ path: `${at}.${path}`, message }))];
  if (!sendsBody(read.method)) own.push({ path: `${at}.method`, message: "must be POST, PUT or PATCH" });
  if (!rules.isSafe(read.url))
    own.push({ path: `${at}.url`, message: "is plain http to the public Internet: use https" });
  return own;
};

/**
 * Creates what asks the other server; undefined where it is not to be asked. The answer 200 with
 * `{"status": "password_match"}` says yes; any other status of it, and 403, say no.
 */
export const createPasswordMigration = (
  { enabled, config }: PasswordMigrationConfig,
  { fetch, rules, schemas, timeout, log }: PasswordMigrationDeps,
) => {
  const read = readWebHookConfig(asWebHook(config));
  if (!enabled || !("url" in read)) return undefined;
  const prepare = createPrepareRequest(read, undefined);
  const send = createSendRequest({ fetch, rules, timeout, limit: LONGEST_ANSWER });

  const failed = (reason: string, isLate = false): ServiceError => {
    log.warn({ hook: "migrate_hook", reason }, "the server of migrate_hook could not be reached");
    return serviceError(isLate ? "UPSTREAM_TIMED_OUT" : "UPSTREAM_FAILED", {
      explain: isLate
        ? "A server that is asked about this did not answer in time."
        : "A server that is asked about this cannot be reached, or did not answer rightly.",
    });
  };

  /** @throws UPSTREAM_FAILED, UPSTREAM_TIMED_OUT */
  return async (
    asked: { readonly identifier: string; readonly password: string; readonly identity: IdentityRecord },
    call: Call,
  ): Promise<boolean> => {
    const prepared = await prepare({}, { ...outgoingHeaders(call), "ory-webhook-request-id": call.requestId });
    if (prepared.kind !== "request") throw failed("its request cannot be made");
    const { request } = prepared;
    const identity = shown(asked.identity, schemas.urlOf(asked.identity.schemaId));
    const answer = await send(
      {
        ...request,
        headers: { ...request.headers, "content-type": "application/json" },
        body: JSON.stringify({ identifier: asked.identifier, password: asked.password, identity }),
      },
      call.signal,
    );
    if (answer.kind !== "answered") throw failed(answer.reason, answer.kind === "timeout");
    if (answer.status === 403) return false;
    if (answer.status < 200 || answer.status > 299) throw failed(`it answered ${answer.status}`);
    const status = statusIn(answer.text);
    if (status === undefined) throw failed("its answer has no status");
    return status === "password_match";
  };
};

/** Undefined: the answer is no object, or has none. */
const statusIn = (text: string): string | undefined => {
  try {
    const value = JSON.parse(text) as JsonValue;
    const status = typeof value === "object" && value !== null && !Array.isArray(value) ? value.status : undefined;
    return typeof status === "string" ? status : undefined;
  } catch {
    return undefined;
  }
};

/** The identity, by the names of the API. */
const shown = (identity: IdentityRecord, schemaUrl: string): JsonObject => ({
  ...(toJson(IdentitySchema, renderIdentity(identity, schemaUrl), { useProtoFieldName: true }) as JsonObject),
  state: identity.state,
});
