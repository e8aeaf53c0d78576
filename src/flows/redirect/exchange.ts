import type {
  ExchangeSessionTokenRequest,
  ExchangeSessionTokenResponse,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4 } from "../../lib/ids.ts";
import { rejected } from "../../methods/contract/result.ts";
import { readMessage } from "../../ui/stored-message.ts";
import { isRedirectKind } from "../shared/flow.ts";
import type { CallbackDeps } from "./deps.ts";

/** Gives a native app the session that the redirect of the system browser was for: once, to whoever has both codes. */
export type Exchange = (request: ExchangeSessionTokenRequest, call: Call) => Promise<ExchangeSessionTokenResponse>;

/** Creates the exchange: the flow ends here as it would have in a browser. */
export const createExchange =
  ({ storage: { continuations, db, flows }, redirect, completeRedirect }: CallbackDeps): Exchange =>
  async ({ initCode, returnToCode }, call) => {
    const found = await redirect.fetchResult(db, { initCode, returnToCode }, ({ homeId, flowId }) =>
      flows.findAt(db, homeId, flowId),
    );
    const kind = found?.flow.kind ?? "settings";
    if (found === undefined || kind === "settings" || !isRedirectKind(kind)) throw noStoredResult();
    const { flow, record, callbackData } = found;
    const attempt = uuid4();
    const complete = () =>
      completeRedirect[kind]({
        flow,
        method: record.method,
        call,
        consume: (tx) => continuations.consume(tx, record, attempt),
        transientPayload: found.transientPayload,
        fetches: true,
        handleCallback: async () => {
          // By one attempt at a time; what the provider said stays for another one if this is refused.
          if (!(await continuations.claim(db, record, attempt))) throw noStoredResult();
          if (callbackData) return { kind: "callback", callbackData };
          // The form says already what was wrong, once.
          await continuations.consume(db, record, attempt);
          return rejected(flow.form.messages.map(readMessage), flow.form.submittedValues ?? undefined);
        },
      });
    try {
      const { session, sessionToken } = await complete();
      if (session === undefined || sessionToken === undefined) throw serviceError("NOT_FOUND");
      return { $typeName: "ostiary.session.v1.ExchangeSessionTokenResponse", sessionToken, session };
    } catch (error) {
      await continuations.release(db, record, attempt, error);
      throw error;
    }
  };

const noStoredResult = () =>
  serviceError("NOT_FOUND", {
    explain:
      "These codes cannot be exchanged: the sign-in is not complete, the codes have expired or were used, or " +
      "they are not of one flow.",
  });
