import {
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  hasOption,
  type JsonObject,
  type MessageShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { Access, access } from "../../gen/ostiary/options/v1/options_pb.ts";
import { serviceError } from "../errors/service-error.ts";
import type { Call, CookieInstruction } from "../lib/call.ts";
import { stableJson } from "../lib/stable-json.ts";
import { optionOf } from "./option-of.ts";
import { rpcName } from "./rpc-name.ts";
import { isUndone } from "./to-failure.ts";

/** Has a request with an id done once; returns the bytes of the first answer. */
export type Once = (
  request: {
    readonly caller: string;
    readonly rpc: string;
    readonly id: string;
    readonly field: string;
    readonly request: string;
    readonly isUndone: (error: unknown) => boolean;
  },
  work: () => Promise<{ readonly answer: Buffer; readonly identityId?: string | undefined }>,
) => Promise<Buffer>;

/** The live session that a call presents. */
export interface LiveSession {
  readonly session: { readonly id: string };
  readonly identity: { readonly id: string };
}

/** What `createAnswerOnce` needs. */
export interface AnswerOnceDeps {
  readonly once: Once;
  readonly findCaller: (call: Call) => Promise<LiveSession | undefined>;
}

/** Runs an RPC, or returns what it answered before. */
type Answering<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: Call,
  run: (request: MessageShape<I>, call: Call) => Promise<MessageShape<O>>,
) => Promise<MessageShape<O>>;

/** Who calls: their ids are their own. */
interface Sender {
  readonly name: string;
  /** Whose the answer is, if it is the caller's own. */
  readonly identityId?: string | undefined;
}

const idHeader = "idempotency-key";
/** What an id may look like: up to 255 visible characters. */
const idPattern = /^[\x21-\x7e]{1,255}$/;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Creates how an RPC answers requests whose senders have given them an id, as the header `Idempotency-Key` or as
 * `request_id` of the body: writes of operators and owners are done once, and the answer is the first one, headers and
 * cookies included. Without an id nothing is read or written. Undefined for RPCs that do without: those that need no
 * session, and those that only read.
 */
export const createAnswerOnce = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  { once, findCaller }: AnswerOnceDeps,
): Answering<I, O> | undefined => {
  const isRead = hasOption(method, http) && optionOf(method, http).pattern.case === "get";
  const who = optionOf(method, access);
  if (isRead || who === Access.PUBLIC) return undefined;
  const rpc = rpcName(method);

  const findSender = async (call: Call): Promise<Sender | undefined> => {
    if (who === Access.ADMIN) {
      const { admission } = call;
      return { name: admission !== undefined && "operator" in admission ? `operator ${admission.operator.name}` : "" };
    }
    const caller = await findCaller(call);
    return caller && { name: `session ${caller.session.id}`, identityId: caller.identity.id };
  };

  return async (request, call, run) => {
    const found = call.malformed === undefined ? findId(request, call) : undefined;
    const sender = found && (await findSender(call));
    if (found === undefined || sender === undefined) return run(request, call);
    let fresh: MessageShape<O> | undefined;
    const recorded = await once(
      {
        ...found,
        caller: sender.name,
        rpc,
        request: meaningOf(method.input, request),
        isUndone: (error) => isUndone(error, call),
      },
      async () => {
        fresh = await run(request, call);
        const bytes = toBinary(method.output, fresh);
        const subject = sender.identityId ?? subjectOf(request) ?? subjectOf(fresh);
        return { answer: pack(call, bytes), identityId: bytes.length === 0 ? undefined : subject };
      },
    );
    if (fresh !== undefined) return fresh;
    return fromBinary(method.output, unpack(recorded, call));
  };
};

/** @throws INVALID_FIELD */
const findId = (request: unknown, call: Call): { readonly id: string; readonly field: string } | undefined => {
  const inHeader = call.headers[idHeader];
  const { body } = request as { readonly body?: { readonly requestId?: unknown } };
  const inBody = body?.requestId;
  if (inHeader === undefined && inBody === undefined) return undefined;
  const [field, id] = inHeader === undefined ? ["request_id", inBody] : [idHeader, inHeader];
  if (typeof id !== "string" || !idPattern.test(id))
    throw serviceError("INVALID_FIELD", {
      field,
      explain: "The id of a request has 1 to 255 visible ASCII characters.",
    });
  if (inBody !== undefined && inBody !== id)
    throw serviceError("INVALID_FIELD", {
      field: "request_id",
      explain: "The request has two ids: another stands in the header Idempotency-Key.",
    });
  return { id, field };
};

/**
 * What is asked. Clients write the members of a map in any order, and another one each time; a form that was loaded
 * again has another `csrf_token`.
 */
const meaningOf = <I extends DescMessage>(input: I, request: MessageShape<I>): string => {
  try {
    const { body, ...rest } = toJson(input, request) as JsonObject;
    if (typeof body !== "object" || body === null || Array.isArray(body))
      return stableJson({ ...rest, ...(body !== undefined && { body }) });
    const { csrfToken: _, requestId: __, ...asked } = body;
    return stableJson({ ...rest, body: asked });
  } catch {
    return Buffer.from(toBinary(input, request)).toString("base64"); // A number that JSON does not have.
  }
};

/** What an answer has beside its message. */
interface Beside {
  readonly headers: readonly (readonly [string, string])[];
  readonly cookies: readonly CookieInstruction[];
}

/** Four bytes of length, headers and cookies as JSON, the message. */
const pack = ({ reply }: Call, message: Uint8Array): Buffer => {
  const beside = Buffer.from(JSON.stringify({ headers: [...reply.headers], cookies: reply.cookies } satisfies Beside));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(beside.length);
  return Buffer.concat([length, beside, message]);
};

const unpack = (recorded: Buffer, { reply }: Call): Uint8Array => {
  const end = 4 + recorded.readUInt32BE(0);
  const { headers, cookies } = JSON.parse(recorded.toString("utf8", 4, end)) as Beside;
  for (const [name, value] of headers) reply.headers.set(name, value);
  for (const { expires, ...cookie } of cookies)
    reply.cookies.push({ ...cookie, ...(expires !== undefined && { expires: new Date(expires) }) });
  return recorded.subarray(end);
};

/** Whom a message is about, as far as it says so. */
const subjectOf = (message: unknown): string | undefined => {
  const { id, identityId, identity, session } = message as {
    readonly id?: unknown;
    readonly identityId?: unknown;
    readonly identity?: { readonly id?: unknown };
    readonly session?: { readonly identity?: { readonly id?: unknown } };
  };
  return [identityId, session?.identity?.id, identity?.id, id].find(
    (one): one is string => typeof one === "string" && uuid.test(one),
  );
};
