import type { DescMethodUnary, JsonObject } from "@bufbuild/protobuf";
import { fromOurPage } from "./json-rest.ts";
import { type OperatorAnswer, type OperatorProtocol, operatorProtocols } from "./operators.ts";
import type { Headers, Visitor } from "./protocol.ts";
import type { TestServer } from "./server.ts";

/* Owners, as the clients of operators call: only the port and the credential differ. */

/** What a visitor presents, as headers of a call by any client. */
const presented = ({ credentials: { jar, token } }: Visitor): Headers =>
  jar === undefined ? { "x-session-token": token } : { cookie: jar.header, ...fromOurPage };

/** Calls an RPC as the visitor, through one of the ways. */
export const asOwner =
  ({ call }: OperatorProtocol, server: TestServer) =>
  (visitor: Visitor | undefined, method: DescMethodUnary, message: JsonObject = {}): Promise<OperatorAnswer> =>
    call(server.url, method, message, visitor && presented(visitor));

/** Each way into the server. */
export const ownerProtocols = operatorProtocols;
