import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import type { FastifyRequest } from "fastify";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Received } from "../../lib/call.ts";
import { shapeTimes } from "../intake.ts";
import { type Body, readBody, readListBody, typeOfOperators } from "./body.ts";
import type { Readers } from "./decode.ts";
import { etagField, isForOperators, type Route } from "./http-rule.ts";
import { memberName } from "./names.ts";
import { readQuery } from "./query.ts";
import { truth } from "./read-value.ts";
import type { RequestMember } from "./request-member.ts";

/** What a request asks for. */
export interface ReadRequest {
  readonly message: Message;
  /** Why the body could not be read; the message's body is empty then. */
  readonly malformed: string | undefined;
}

/**
 * Compiles how requests of a route become messages: path, query, body and
 * `If-Match` are all members of one message. `bytes` is the body, if it was let
 * in.
 *
 * @throws INVALID_FIELD for what cannot be used
 */
export const compileReadRequest = (
  route: Route,
  readers: Readers,
): ((request: FastifyRequest, bytes: Buffer | undefined) => Promise<ReadRequest>) => {
  const { body } = route;
  const read = readers.of(route.method.input);
  const times = shapeTimes(route.method);
  const fromUrl = compileFromUrl(route);
  const withBody = body === undefined ? undefined : bodyMessage(body);
  const typeOf = isForOperators(route) ? typeOfOperators : typeAsSent;

  return async (request, bytes) => {
    const members = fromUrl(request);
    if (body === undefined) return { message: read(members), malformed: undefined };
    const sent = await sentIn(body, bytes, typeOf(bytes, request.headers["content-type"]), times);
    if (sent.kind === "members") members.push(...sent.members);
    const message = read(members);
    withBody?.(message);
    return { message, malformed: sent.kind === "malformed" ? sent.reason : undefined };
  };
};

const typeAsSent = (_: unknown, contentType: string | undefined): string | undefined => contentType;

/** Makes a message of one line of a body, or of the error that it could not be read for. */
export type ReadLine = (line: Buffer | Error) => Promise<Received<Message>>;

/**
 * Compiles how the lines of a body become messages: path and query are members of each.
 *
 * @throws INVALID_FIELD for those that cannot be used; a line that cannot be is given as unusable
 */
export const compileReadLine = (route: Route, readers: Readers): ((request: FastifyRequest) => ReadLine) => {
  const { body } = route;
  if (body === undefined) throw new Error(`${route.method}: a stream of requests needs a body`);
  const read = readers.of(route.method.input);
  const times = shapeTimes(route.method);
  const fromUrl = compileFromUrl(route);
  const readable = async (members: readonly RequestMember[], line: Buffer): Promise<Message> => {
    const sent = await sentIn(body, line, "application/json", times);
    if (sent.kind === "malformed")
      throw serviceError("MALFORMED_BODY", { explain: sent.reason.replace("The body", "The line") });
    return read([...members, ...sent.members]);
  };
  return (request) => {
    const members = fromUrl(request);
    const without = read(members);
    return async (line) => {
      if (line instanceof Error) return { kind: "unusable", error: line, message: without };
      if (isBlank(line)) return { kind: "blank" };
      try {
        return { kind: "message", message: await readable(members, line), bytes: line.length };
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        return { kind: "unusable", error, message: without };
      }
    };
  };
};

const isBlank = (line: Buffer): boolean => line.length < 64 && line.toString("latin1").trim() === "";

/** Compiles how path, query and `If-Match` become members. */
const compileFromUrl = (route: Route): ((request: FastifyRequest) => RequestMember[]) => {
  const { body, path } = route;
  const constants = path.constants.map(
    ({ field, value }): RequestMember => ({ name: field, path: field, values: [value] }),
  );
  const notFromQuery = new Set([...path.constants, ...path.parameters].map(({ field }) => headOf(field)));
  if (body !== undefined && body !== "*") notFromQuery.add(body.name);
  const etagName = nameOfEtag(route);
  const flags = isForOperators(route) ? new Set() : namesOfFlags(route.method.input);
  const isFromQuery = (sent: RequestMember): boolean =>
    !(notFromQuery.has(headOf(sent.name)) || (flags.has(sent.name) && isNoFlag(sent)));

  return (request) => {
    const members = body === "*" ? [] : readQuery(request.url).filter(isFromQuery);
    members.push(...constants);
    const parameters = request.params as Readonly<Record<string, string>>;
    for (const { field, name } of path.parameters)
      members.push({ name: field, path: field, values: [parameters[name] ?? ""] });
    const etag = etagName && entityTag(request.headers["if-match"]);
    if (etagName && etag) members.push({ name: etagName, path: "If-Match", values: [etag] });
    return members;
  };
};

const namesOfFlags = ({ fields }: DescMessage): ReadonlySet<string> =>
  new Set(fields.filter(({ scalar }) => scalar === ScalarType.BOOL).map(memberName));

/** A flag that says neither yes nor no is unset: pages that are made by script ask for `refresh=undefined`. */
const isNoFlag = ({ values }: RequestMember): boolean => values.length === 1 && truth(values[0]) === undefined;

/** What a body holds, as members of the request. */
const sentIn = async (
  body: DescField | "*",
  bytes: Buffer | undefined,
  type: string | undefined,
  times: number,
): Promise<Body> => {
  if (body !== "*" && body.fieldKind === "list") return readListBody(bytes, type, body.name);
  const sent = await readBody(bytes, type, times);
  if (sent.kind === "malformed") return sent;
  const named = sent.members.filter(({ name }) => name !== "");
  return {
    kind: "members",
    members: body === "*" ? named : named.map((member) => ({ ...member, name: `${body.name}.${member.name}` })),
  };
};

const headOf = (name: string): string => name.split(".", 1)[0] ?? name;

/** Makes sure that the body's field is set, so that procedures need not ask. */
const bodyMessage = (body: DescField | "*"): ((message: Message) => void) | undefined => {
  if (body === "*" || body.fieldKind === "list") return undefined;
  const { localName, message: desc } = body;
  if (desc === undefined) throw new Error(`${body}: the body of a REST binding must be a message`);
  return (message) => {
    const target = message as unknown as Record<string, unknown>;
    target[localName] ??= create(desc);
  };
};

/** Where `If-Match` goes: the request's own etag, or that of its body. */
const nameOfEtag = (route: Route): string | undefined => {
  const own = etagField(route.method.input);
  if (own !== undefined) return own.name;
  if (route.body === undefined || route.body === "*") return undefined;
  const inBody = etagField(route.body.message);
  return inBody && `${route.body.name}.${inBody.name}`;
};

/** The first entity tag of a header, without quotes. */
const entityTag = (header: string | undefined): string | undefined => /^\s*(?:W\/)?"([^"]*)"/.exec(header ?? "")?.[1];
