import type { JsonObject } from "@bufbuild/protobuf";
import type { ContinuationRecord, Continuations } from "../../continuation/continuation.ts";
import { newTicket, readTicket } from "../../continuation/ticket.ts";
import type { Database } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import { digestOf, isSameDigest } from "../../lib/digest.ts";
import { randomToken } from "../../lib/ids.ts";
import type { ExchangeCodes, RedirectRequest } from "../../methods/contract/redirect.ts";
import type { Rejected } from "../../methods/contract/result.ts";
import type { ContinuityCookie } from "../../session/continuity-cookie.ts";
import type { SignedIn } from "../../session/session.ts";
import { type FlowRecord, keepReturnTo, returnToOf } from "../shared/flow.ts";

/** How long a person may stay away, in milliseconds (contract, settings 3.3.7). */
const LIFESPAN = 30 * 60_000;
/** How long an app may take to fetch what its browser came back with. */
const EXCHANGE_LIFESPAN = 10 * 60_000;

/** A trip that an answer belongs to. It was not taken yet. */
export interface PendingRedirect {
  readonly record: ContinuationRecord;
  readonly redirectState: JsonObject;
  /** Knows the browser again that was sent away; undefined for native apps. */
  readonly browser: string | undefined;
}

/** What waits for a native app: what was received, or undefined when it did not hold and the form says why. */
export interface FetchedResult {
  readonly record: ContinuationRecord;
  readonly callbackData: JsonObject | undefined;
}

/** The steps of a trip to elsewhere and back that all flows have in common. */
export interface Redirects {
  /** Sends a person away. Browsers get a cookie that knows them again. Gives where to. */
  begin(
    flow: FlowRecord,
    method: string,
    who: SignedIn | undefined,
    begin: RedirectRequest,
    call: Call,
  ): Promise<string | Rejected>;
  /** Finds what an answer belongs to. @throws INVALID_FIELD when it belongs to nothing, or to something else */
  find(state: string): Promise<PendingRedirect>;
  /** @throws INVALID_FIELD unless the browser is the one that was sent away */
  mustBeSameBrowser(trip: PendingRedirect, call: Call): void;
  /** Ends the wait: nobody else can use this answer any more. @throws INVALID_FIELD when it was used already */
  take(trip: PendingRedirect): Promise<void>;
  /** Keeps what came of a trip, once taken, for the app that began it. Gives the code that its browser brings back. */
  keep(trip: PendingRedirect, callbackData: JsonObject | undefined): Promise<string>;
  /** Finds what waits for the app that has both codes; undefined when nothing does. */
  fetch(
    exchangeCodes: ExchangeCodes,
    flowOf: (record: ContinuationRecord) => Promise<FlowRecord | undefined>,
  ): Promise<(FetchedResult & { readonly flow: FlowRecord }) | undefined>;
}

/** Creates the steps. */
export const createRedirects = ({
  db,
  clock,
  continuations,
  cookie,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly continuations: Continuations;
  readonly cookie: ContinuityCookie;
}): Redirects => ({
  async begin(flow, method, who, begin, call) {
    const ticket = newTicket();
    const redirected = await begin.begin(ticket.text);
    if (redirected.kind === "rejected") return redirected;
    const payload = {
      secret: ticket.digest,
      redirectState: redirected.redirectState,
      ...(flow.type === "browser" && { browser: cookie.ensure(call) }),
    };
    const binding = {
      flowId: flow.id,
      kind: "provider",
      method,
      sessionId: who?.session.id,
      identityId: who?.identity.id,
    } as const;
    await continuations.park(
      db,
      binding,
      payload,
      Math.min(LIFESPAN, flow.expiresAt.getTime() - clock.now().getTime()),
      ticket.id,
    );
    return redirected.location;
  },

  async find(state) {
    const ticket = readTicket(state);
    const record = ticket && (await continuations.find(db, ticket.id));
    const payload =
      record?.kind === "provider" ? (continuations.open(record, record) as JsonObject | undefined) : undefined;
    if (!ticket || !record || !payload || !ticket.matches(payload.secret)) throw noSuchRedirect();
    return {
      record,
      redirectState: payload.redirectState as JsonObject,
      browser: typeof payload.browser === "string" ? payload.browser : undefined,
    };
  },

  mustBeSameBrowser({ browser }, call) {
    const brought = cookie.read(call);
    if (brought === undefined || !isSameDigest(browser, brought))
      throw serviceError("INVALID_FIELD", {
        field: "state",
        explain: "The answer belongs to another browser, or its cookies were deleted meanwhile. Please start again.",
      });
  },

  async take({ record }) {
    if (!(await continuations.take(db, record))) throw noSuchRedirect();
  },

  async keep({ record }, callbackData) {
    const ticket = newTicket();
    await continuations.park(
      db,
      { ...record, kind: "exchange" },
      { secret: ticket.digest, ...(callbackData && { callbackData }) },
      EXCHANGE_LIFESPAN,
      ticket.id,
    );
    return ticket.text;
  },

  async fetch({ initCode, returnToCode }, flowOf) {
    const ticket = readTicket(returnToCode);
    const record = ticket && (await continuations.find(db, ticket.id));
    const payload =
      record?.kind === "exchange" ? (continuations.open(record, record) as JsonObject | undefined) : undefined;
    if (!ticket || !record || !payload || !ticket.matches(payload.secret)) return undefined;
    const flow = await flowOf(record);
    if (flow === undefined || !isSameDigest(flow.context[EXCHANGE], digestOf(initCode))) return undefined;
    return { record, flow, callbackData: payload.callbackData as JsonObject | undefined };
  },
});

const noSuchRedirect = () =>
  serviceError("INVALID_FIELD", {
    field: "state",
    explain:
      "Nothing waits for this answer: it was used already, came too late, or nobody asked for it. Please start again.",
  });

/* --- codes for native apps -------------------------------------------------- */

/** Where a flow keeps the digest of the code that its app has. */
const EXCHANGE = "exchange";
const INIT_LENGTH = 64;

/** Makes the code of a native app's flow, and what the flow's context keeps of it. */
export const newExchangeCode = (): { readonly code: string; readonly context: JsonObject } => {
  const code = randomToken(INIT_LENGTH);
  return { code, context: { [EXCHANGE]: digestOf(code) } };
};

/** What a flow that takes the place of another keeps of its context: where it ends, and the code of its app. */
export const sameEnd = ({ context }: Pick<FlowRecord, "context">): JsonObject => ({
  ...keepReturnTo(returnToOf({ context })),
  ...(context[EXCHANGE] !== undefined && { [EXCHANGE]: context[EXCHANGE] }),
});

/** Whether the app of this flow has a code to fetch a session with. */
export const hasExchangeCode = ({ context }: Pick<FlowRecord, "context">): boolean =>
  typeof context[EXCHANGE] === "string";
