import { Readable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call, Received, ReceivingProcedure, SendingProcedure } from "../../lib/call.ts";
import type { AdmittedStream, Intake } from "../../lib/intake.ts";
import { cutOff } from "../cut-off.ts";
import { dropRest } from "../drop-rest.ts";
import { mediaType } from "./body.ts";
import type { CallOf } from "./call.ts";
import type { Readers } from "./decode.ts";
import type { Printers } from "./encode.ts";
import type { Route } from "./http-rule.ts";
import { openLines } from "./open-lines.ts";
import { compileReadLine, compileReadRequest, type ReadLine } from "./read-request.ts";
import type { Answering, Respond } from "./respond.ts";
import { splitLines } from "./split-lines.ts";

/** What the routes of lines share. */
export interface LinesDeps {
  readonly readers: Readers;
  readonly printers: Printers;
  readonly callOf: CallOf;
  readonly respond: Pick<Respond, "lines" | "serviceError">;
}

/** An RPC whose requests are a stream. */
export interface BoundLines {
  readonly route: Route;
  readonly answering: Answering;
  readonly procedure: ReceivingProcedure<Message, Message>;
  readonly intake: Intake;
}

/** Names of JSON of which a value stands on each line. */
const types = ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];

/**
 * Creates what answers a route whose requests are a stream: each line of the body is a request, each entry of the
 * list that the route answers is a line, and is written as soon as it is there. An error that ends the call before
 * the first line is answered as everywhere; later it is the last line.
 */
export const createLinesHandle = (
  { route, answering, procedure, intake }: BoundLines,
  { readers, printers, callOf, respond }: LinesDeps,
): ((request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) => {
  const readLineOf = compileReadLine(route, readers);
  const print = compilePrintEntries(route, printers);

  return async (request, reply) => {
    const call = callOf(request, reply);
    let stream: AdmittedStream | undefined;
    try {
      const isAdmitted = intake.admits(call);
      if (isAdmitted && !types.includes(mediaType(request.headers["content-type"]) ?? ""))
        throw serviceError("MALFORMED_BODY", { explain: `The content type is not ${types[0]}.` });
      const readLine = readLineOf(request);
      // Of a caller who may not call nothing is read: the procedure says so without it.
      if (isAdmitted) stream = intake.stream(request.raw, call);
      else dropRest(request.raw);
      const answer = procedure(stream ? readLines(stream, readLine) : nothing(), call);
      const lines = await openLines(answer, { print, call, requestId: request.headers["x-request-id"] });
      lines.once("close", () => stream?.free());
      return respond.lines(reply, call, lines);
    } catch (error) {
      if (stream === undefined) dropRest(request.raw);
      stream?.free();
      if (!(error instanceof ServiceError)) throw error;
      return respond.serviceError(answering, request, reply, call, error);
    }
  };
};

/** What the routes of answers that are streams share. */
export interface SentLinesDeps extends LinesDeps {
  /** Records a call that was refused before its procedure began. */
  readonly refused: (call: Call, error: ServiceError) => void;
}

/** An RPC whose answers are a stream. */
export interface BoundSentLines {
  readonly route: Route;
  readonly answering: Answering;
  readonly procedure: SendingProcedure<Message, Message>;
}

/**
 * Creates what answers a route whose answers are a stream: each is a line, written as soon as the one before was
 * sent. Errors are answered as above.
 */
export const createSentLinesHandle = (
  { route, answering, procedure }: BoundSentLines,
  { readers, printers, callOf, respond, refused }: SentLinesDeps,
): ((request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) => {
  if (route.body !== undefined) throw new Error(`${route.method}: REST has no body where the answers are a stream`);
  const read = compileReadRequest(route, readers);
  const print = compilePrintEntries(route, printers);

  return async (request, reply) => {
    const call = { ...callOf(request, reply), cut: () => cutOff(request.raw) };
    const reading = read(request, undefined);
    reading.catch((error) => error instanceof ServiceError && refused(call, error));
    try {
      const answer = procedure((await reading).message, call);
      const lines = await openLines(answer, { print, call, requestId: request.headers["x-request-id"] });
      // What would be answered is known by now, and of HEAD nobody reads more.
      if (request.method === "HEAD") lines.destroy();
      return respond.lines(reply, call, request.method === "HEAD" ? Readable.from([]) : lines);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return respond.serviceError(answering, request, reply, call, error);
    }
  };
};

async function* readLines(stream: AdmittedStream, read: ReadLine): AsyncGenerator<Received<Message>> {
  for await (const line of splitLines(stream.chunks, stream.limit))
    yield line.kind === "blank" ? line : await read(line.kind === "message" ? line.message : line.error);
}

async function* nothing(): AsyncGenerator<never> {
  // Nobody's lines are read.
}

/** Compiles how the message that a route answers is printed, or the entries of the list, each on a line. */
const compilePrintEntries = ({ method, responseBody }: Route, printers: Printers): ((message: Message) => string) => {
  const isList = responseBody?.fieldKind === "list";
  const desc = isList || responseBody?.fieldKind === "message" ? responseBody.message : undefined;
  if (desc === undefined || responseBody === undefined)
    throw new Error(`${method}: an answer of lines needs a response_body that is a message, or a list of messages`);
  const print = printers.of(desc);
  const { localName } = responseBody;
  return (message) =>
    [(message as unknown as Readonly<Record<string, Message | readonly Message[] | undefined>>)[localName] ?? []]
      .flat()
      .map((entry) => `${print(entry)}\n`)
      .join("");
};
