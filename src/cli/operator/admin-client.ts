import type { DescService } from "@bufbuild/protobuf";
import { type Client, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CommandError, type OptionValues } from "../command.ts";

/** The options that every command of an operator has. */
export const adminOptions = { "admin-url": { type: "string" }, json: { type: "boolean" } } as const;

/** What the help of each says of them. */
export const adminHelp = `      --admin-url URL   the admin port (default: OSTIARY_ADMIN_URL, else
                        http://127.0.0.1:4434)
      --json            prints JSON, one object a line, instead of a table
  -h, --help            this text

An API key is read from OSTIARY_API_KEY.`;

/** Creates a client of a service of the admin port. */
export const adminClient = <S extends DescService>(
  service: S,
  values: OptionValues,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Client<S> => {
  const baseUrl = String(values["admin-url"] ?? env.OSTIARY_ADMIN_URL ?? "http://127.0.0.1:4434");
  if (!/^https?:\/\//.test(baseUrl) || !URL.canParse(baseUrl))
    throw new CommandError(`--admin-url is no http:// or https:// URL: ${baseUrl}`);
  const key = env.OSTIARY_API_KEY;
  const authenticate: Interceptor = (next) => (request) => {
    if (key !== undefined && key !== "") request.header.set("authorization", `Bearer ${key}`);
    return next(request);
  };
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    interceptors: [authenticate],
    defaultTimeoutMs: 60_000,
  });
  return createClient(service, transport);
};

/** Runs a call; what the server refuses is told in one line. @throws CommandError */
export const answered = async <T>(call: Promise<T>): Promise<T> => {
  try {
    return await call;
  } catch (error) {
    throw new CommandError(ConnectError.from(error).rawMessage);
  }
};

/** The arguments of a command, at least one. @throws CommandError */
export const mustBeNamed = (args: readonly string[], what: string): readonly string[] => {
  if (args.length === 0) throw new CommandError(`name ${what}`);
  return args;
};
