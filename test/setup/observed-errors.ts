/*
 * Which errors the RPCs answer while the tests run, by the line that the server
 * logs for each call. One that an RPC does not list fails the test file
 * (every-file.ts); one that it lists and that no test reached fails a whole run
 * (reporter.ts).
 */

/** An RPC and a reason that it answered: `ostiary.login.v1.LoginService/GetFlow FLOW_EXPIRED`. */
export type ObservedError = string;

const seen = new Set<ObservedError>();

/** Takes a line of a server's log, as JSON. */
export const observeCall = (line: string): void => {
  if (!line.includes('"reason":')) return;
  const { msg, rpc, reason } = JSON.parse(line) as {
    readonly msg?: string;
    readonly rpc?: string;
    readonly reason?: string;
  };
  if (msg === "call" && rpc !== undefined && reason !== undefined) seen.add(`${rpc} ${reason}`);
};

/** What was observed since the last call. */
export const takeObservedErrors = (): readonly ObservedError[] => {
  const observed = [...seen];
  seen.clear();
  return observed;
};
