import type { DescService } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { CommandError, type OptionValues } from "../command.ts";
import { type Connection, connectionHelp, connectionOptions, readConnection } from "./connection.ts";

/** The options that every command of an operator has. */
export const adminOptions = { ...connectionOptions, json: { type: "boolean" } } as const;

/** What the help of each says of them. */
export const adminHelp = `${connectionHelp}
      --json            prints JSON, one object a line, instead of a table
  -h, --help            this text`;

/** Creates a client of a service of the admin port. */
export const adminClient = async <S extends DescService>(service: S, values: OptionValues): Promise<Client<S>> =>
  clientOf(service, await readConnection(values));

const clientOf = <S extends DescService>(service: S, { baseUrl, apiKey, request }: Connection): Client<S> => {
  const authenticate: Interceptor = (next) => (call) => {
    if (apiKey !== undefined) call.header.set("authorization", `Bearer ${apiKey}`);
    return next(call);
  };
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    interceptors: [authenticate],
    defaultTimeoutMs: 60_000,
    nodeOptions: request,
  });
  return createClient(service, transport);
};

/** Runs a call; what the server refuses is reported in one line. @throws CommandError */
export const answered = async <T>(call: Promise<T>): Promise<T> => {
  try {
    return await call;
  } catch (error) {
    throw new CommandError(explainCall(ConnectError.from(error)));
  }
};

const explainCall = (error: ConnectError): string => {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  if (error.code === Code.Unavailable && cause?.code !== undefined)
    return `the admin port cannot be reached (${cause.code}): see --admin-url`;
  const [bad] = error.findDetails(BadRequestSchema);
  const field = bad?.fieldViolations[0]?.field;
  const text = error.rawMessage;
  return field === undefined || field === "" || text.includes(field) ? text : `${field}: ${text}`;
};

/** The arguments of a command, at least one. @throws CommandError */
export const mustBeNamed = (args: readonly string[], what: string): readonly string[] => {
  if (args.length === 0) throw new CommandError(`name ${what}`);
  return args;
};

/** The one argument of a command. @throws CommandError */
export const mustBeOne = (args: readonly string[], what: string): string => {
  const [first, ...more] = args;
  if (first === undefined || more.length > 0) throw new CommandError(`name ${what}`);
  return first;
};

/** How many a command is to list: `--limit`; 0 is all. @throws CommandError */
export const readLimit = (value: OptionValues[string], usual = 250): number => {
  if (value === undefined) return usual;
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 0) throw new CommandError("--limit is no number: 0 is all");
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
};
