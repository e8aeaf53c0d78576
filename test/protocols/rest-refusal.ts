import { type ErrorName, errorTable } from "../../src/errors/table.ts";
import type { CallbackResult } from "./http.ts";
import type { Refusal } from "./protocol.ts";
import { flowOfJson } from "./seen.ts";

interface JsonError {
  readonly id?: string;
  readonly code: number;
  readonly message: string;
  readonly reason?: string;
  readonly details?: {
    readonly field?: string;
    readonly reauthenticate?: {
      readonly native_login_url: string;
      readonly methods: readonly string[];
      readonly max_age: number;
    };
  };
}

/** The row of the table that an error of REST is: no two have the same status, id and message. */
const reasons = new Map(
  Object.entries(errorTable).map(([name, row]) => [`${row.status} ${row.id} ${row.message}`, name as ErrorName]),
);

/** @throws Error for an error that is not in the table */
const reasonOf = ({ code, id = "", message }: JsonError): ErrorName => {
  const reason = reasons.get(`${code} ${id} ${message}`);
  if (reason === undefined) throw new Error(`no row of the error table: ${code} ${id} ${message}`);
  return reason;
};

/** A refusal without particulars. */
export const plainRefusal = (reason: ErrorName, particulars: Partial<Refusal> = {}): Refusal => ({
  ok: false,
  reason,
  texts: [],
  field: undefined,
  useFlowId: undefined,
  retryAfter: undefined,
  reauthenticate: undefined,
  ...particulars,
});

/** Reads an error of REST, or a rejected form. @throws Error for anything else */
export const refusalOf = (received: CallbackResult): Refusal => {
  const { json } = received;
  if (received.status === 400 && "ui" in json) {
    const { id, action, texts } = flowOfJson(json);
    return plainRefusal("FORM_REJECTED", {
      texts,
      form: { id, kind: new URL(action).pathname.split("/").at(-1) ?? "" },
    });
  }
  const error = json.error as JsonError;
  if (error.code !== received.status) throw new Error(`status ${received.status}, but the error says ${error.code}`);
  return { ...refusalOfError(error), ...siblings(received) };
};

/** Reads an error without its envelope, as the error page gets it. */
export const refusalOfError = (error: JsonError): Refusal =>
  plainRefusal(reasonOf(error), { field: error.details?.field });

const siblings = ({ json, headers }: CallbackResult): Partial<Refusal> => {
  const { details } = json.error as JsonError;
  const again = details?.reauthenticate;
  const retryAfter = headers["retry-after"];
  const location = json.redirect_browser_to;
  return {
    ...((json.error as JsonError).id === "session_aal2_required" && {
      stepUp: { redirectBrowserTo: String(location) },
    }),
    useFlowId: json.use_flow_id as string | undefined,
    retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
    reauthenticate: again && {
      maxAge: again.max_age,
      methods: again.methods,
      nativeLoginUrl: again.native_login_url,
      redirectBrowserTo: String(json.redirect_browser_to),
    },
  };
};
