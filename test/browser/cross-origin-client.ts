import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { Health } from "../../gen/health/v1/health_pb.ts";
import { LoginService } from "../../gen/ostiary/login/v1/login_service_pb.ts";
import { SessionService } from "../../gen/ostiary/session/v1/session_service_pb.ts";
import { FlowType } from "../../gen/ostiary/ui/v1/ui_pb.ts";

/** What a page got to know. */
export interface Learned {
  readonly flow: string;
  readonly fetched: string;
  readonly code: string;
  readonly message: string;
  readonly details: number;
  readonly health: number;
  readonly headers: readonly string[];
}

/** Calls a server of another origin as a page does, with cookies and with a deadline. */
export const callFromPage = async (baseUrl: string, protocol: "connect" | "grpc-web"): Promise<Learned> => {
  const withCookies: typeof fetch = (input, init) => fetch(input, { ...init, credentials: "include" });
  const options = { baseUrl, fetch: withCookies, defaultTimeoutMs: 10_000 };
  const transport: Transport =
    protocol === "connect" ? createConnectTransport(options) : createGrpcWebTransport(options);
  const login = createClient(LoginService, transport);
  const { flow } = await login.createFlow({ type: FlowType.BROWSER });
  const id = flow?.id ?? "";
  // Only the browser that created the flow may read it: its cookie came along.
  const fetched = await login.getFlow({ id });
  const refused = await createClient(SessionService, transport)
    .whoAmI({}, { headers: { "if-match": '"1"' } })
    .then(
      () => new ConnectError("not refused"),
      (error: unknown) => ConnectError.from(error),
    );
  let health = 0;
  for await (const { status } of createClient(Health, transport).watch({})) {
    health = status;
    break;
  }
  const answer = await withCookies(`${baseUrl}/sessions/whoami`, { headers: { accept: "application/json" } });
  return {
    flow: id,
    fetched: fetched.flow?.id ?? "",
    code: Code[refused.code],
    message: refused.rawMessage,
    details: refused.details.length,
    health,
    headers: [...answer.headers.keys()],
  };
};
