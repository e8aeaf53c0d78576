import type { ExchangeSessionTokenRequest, ExchangeSessionTokenResponse } from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { fail } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { rejected } from "../../methods/method.ts";
import { readMessage } from "../../ui/stored-message.ts";
import type { CallbackDeps } from "./deps.ts";

/** Gives a native app the session that the system browser was sent away for: once, to whoever has both codes. */
export type Exchange = (request: ExchangeSessionTokenRequest, call: Call) => Promise<ExchangeSessionTokenResponse>;

/** Creates the exchange: the flow ends here as it would have in a browser. */
export const createExchange =
  ({ continuations, db, elsewhere, finish, flows }: CallbackDeps): Exchange =>
  async ({ initCode, returnToCode }, call) => {
    if (initCode === "") throw fail("INVALID_FIELD", { field: "init_code", explain: "The init_code query parameter is missing." });
    if (returnToCode === "") throw fail("INVALID_FIELD", { field: "return_to_code", explain: "The return_to_code query parameter is missing." });
    const found = await elsewhere.fetch({ initCode, returnToCode }, ({ flowId }) => flows.findAny(db, flowId));
    const kind = found?.flow.kind ?? "settings";
    if (found === undefined || kind === "settings")
      throw fail("NOT_FOUND", { explain: "Nothing waits for these codes: it is too early or too late for them, or they do not belong together." });
    const { flow, record, received } = found;
    const { session, sessionToken } = await finish[kind]({
      flow,
      method: record.method,
      call,
      claim: (tx) => continuations.take(tx, record),
      receive: async () => {
        if (received) return { kind: "received", received };
        // The form says already what was wrong.
        await continuations.take(db, record);
        return rejected(flow.form.messages.map(readMessage), flow.form.shown ?? undefined);
      },
    });
    if (session === undefined || sessionToken === undefined) throw fail("NOT_FOUND");
    return { $typeName: "ostiary.session.v1.ExchangeSessionTokenResponse", sessionToken, session };
  };
