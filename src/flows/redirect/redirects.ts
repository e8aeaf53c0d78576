import type { JsonObject } from "@bufbuild/protobuf";
import { Reason } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import type { ContinuationRecord, Continuations } from "../../continuation/continuation.ts";
import { newTicket, readTicket } from "../../continuation/ticket.ts";
import type { Database, Sql } from "../../db/sql.ts";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import { isSameDigest } from "../../lib/digest.ts";
import { uuid4 } from "../../lib/ids.ts";
import type {
  CallbackHandler,
  CallbackParams,
  CallbackResult,
  ExchangeCodes,
  RedirectRequest,
} from "../../methods/contract/redirect.ts";
import type { Consume, Rejected } from "../../methods/contract/result.ts";
import type { ContinuityCookie } from "../../session/continuity-cookie.ts";
import type { SignedIn } from "../../session/session.ts";
import { type FlowRecord, homeOf } from "../shared/flow.ts";
import { isExchangeCodeOf } from "./exchange-code.ts";

/** How long a person may stay away, in milliseconds (docs/compatibility.md, rule 5). */
const LIFESPAN = 30 * 60_000;
/** How long the result of a callback is stored for an app, in milliseconds. */
const EXCHANGE_LIFESPAN = 10 * 60_000;

/** Who is redirected, and from which flow. */
export interface RedirectContext {
  readonly flow: FlowRecord;
  readonly method: string;
  /** Who is signed in, where that matters. */
  readonly who: SignedIn | undefined;
  readonly call: Call;
  /** What the client sent for hooks: it waits with the redirect, encrypted. */
  readonly transientPayload: JsonObject | undefined;
  /**
   * Looks once more, in the transaction that stores the redirect, whether flow and session are there. Throws when
   * they are not.
   */
  recheck(tx: Sql): Promise<void>;
}

/** A redirect whose callback has come. */
export interface PendingRedirect {
  readonly record: ContinuationRecord;
  /** Names this request: once it has claimed the answer, no other can use it. */
  readonly attempt: string;
  readonly redirectState: JsonObject;
  /** What the client sent for hooks when it began the redirect. */
  readonly transientPayload: JsonObject | undefined;
  /** What came of the answer, where a request before this one could not use it. */
  readonly callbackData: JsonObject | undefined;
  /** Digest of the continuity cookie of the browser that was redirected; undefined for native apps. */
  readonly browser: string | undefined;
}

/** The result of a callback that is stored for a native app; its data are undefined when it was rejected. */
export interface FetchedResult {
  readonly record: ContinuationRecord;
  readonly callbackData: JsonObject | undefined;
  readonly transientPayload: JsonObject | undefined;
}

/** The steps of a redirect to another site, and of its callback, that all flows have in common. */
export interface Redirects {
  /** Begins a redirect. Browsers get a continuity cookie that identifies them at the callback. Returns the location. */
  begin(context: RedirectContext, begin: RedirectRequest): Promise<string | Rejected>;
  /** Finds the redirect of a `state`. @throws INVALID_FIELD when there is none, or the state is of another one */
  find(state: string): Promise<PendingRedirect>;
  /** @throws INVALID_FIELD unless the browser is the one that was redirected */
  mustBeSameBrowser(pending: PendingRedirect, call: Call): void;
  /**
   * Reads the answer: once, because a provider takes no code twice. What comes of
   * it stays until `consumeOf` takes it along with what it is used for, so that the
   * answer is good again after a failure that is not its own.
   *
   * @throws INVALID_FIELD when another request has it
   */
  handleCallback(
    pending: PendingRedirect,
    method: CallbackHandler,
    answer: CallbackParams,
    call: Call,
  ): Promise<CallbackResult | Rejected>;
  /** @throws INVALID_FIELD when what was received is not there any more */
  mustStillWait(sql: Sql, pending: PendingRedirect): Promise<void>;
  /**
   * Uses up what was received, in the transaction of what it is used for. @throws INVALID_FIELD when another
   * request did
   */
  consumeOf(pending: PendingRedirect): Consume;
  /**
   * Runs what uses a received answer. After a failure that will not pass, what
   * was received is not stored; after one that may, another request may use it.
   *
   * @param isReceived whether it came to receiving it
   */
  completing<T>(pending: PendingRedirect, work: () => Promise<T>, isReceived?: () => boolean): Promise<T>;
  /**
   * Stores the result of a callback for the app that began it; undefined when it was rejected. Returns the code with
   * which its browser returns.
   */
  storeResult(pending: PendingRedirect, callbackData: JsonObject | undefined): Promise<string>;
  /** Finds the stored result for the app that has both codes; undefined when there is none. */
  fetchResult(
    sql: Sql,
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
  async begin({ flow, method, who, call, transientPayload, recheck }, begin) {
    const ticket = newTicket();
    const redirected = await begin.begin(ticket.text);
    if (redirected.kind === "rejected") return redirected;
    const payload = {
      secret: ticket.digest,
      redirectState: redirected.redirectState,
      ...(transientPayload && { transientPayload }),
      ...(flow.type === "browser" && { browser: cookie.ensure(call) }),
    };
    const binding = {
      homeId: homeOf(flow),
      flowId: flow.id,
      kind: "redirect",
      step: "provider",
      method,
      sessionId: who?.session.id,
      identityId: who?.identity.id,
    } as const;
    await db.transaction(async (tx) => {
      await recheck(tx);
      await continuations.park(
        tx,
        binding,
        payload,
        Math.min(LIFESPAN, flow.expiresAt.getTime() - clock.now().getTime()),
        ticket.id,
      );
    });
    return redirected.location;
  },

  async find(state) {
    const ticket = readTicket(state);
    const record = ticket && (await continuations.find(db, ticket.id));
    const waits = record?.step === "provider" || record?.step === "callback";
    const payload = waits ? (continuations.open(record, record) as JsonObject | undefined) : undefined;
    if (!ticket || !record || !payload || !ticket.matches(payload.secret)) throw noSuchRedirect();
    const { browser, redirectState, callbackData, transientPayload } = payload;
    return {
      record,
      attempt: uuid4(),
      redirectState: redirectState as JsonObject,
      callbackData: callbackData as JsonObject | undefined,
      transientPayload: transientPayload as JsonObject | undefined,
      browser: typeof browser === "string" ? browser : undefined,
    };
  },

  mustBeSameBrowser({ browser }, call) {
    const brought = cookie.read(call);
    if (brought === undefined || !isSameDigest(browser, brought))
      throw serviceError("INVALID_FIELD", {
        field: "state",
        explain:
          "The provider's answer belongs to another browser, or the cookies of this one were deleted in the " +
          "meantime. Please start again.",
      });
  },

  async handleCallback({ record, attempt, callbackData: before, ...pending }, method, answer, call) {
    if (!(await continuations.claim(db, record, attempt))) throw noSuchRedirect();
    if (before !== undefined) return { kind: "callback", callbackData: before };
    let result: CallbackResult | Rejected;
    try {
      result = await method.handleCallback(pending.redirectState, answer, call);
    } catch (error) {
      await continuations.release(db, record, attempt);
      throw error;
    }
    if (result.kind === "rejected") {
      // The provider may be there again in a moment, and has not seen the code.
      if (result.transient) await continuations.release(db, record, attempt);
      else await continuations.consume(db, record, attempt);
      return result;
    }
    const { secret } = continuations.open(record, record) as JsonObject;
    const { redirectState, browser, transientPayload } = pending;
    await continuations.advance(db, record, attempt, "callback", {
      secret,
      redirectState,
      callbackData: result.callbackData,
      ...(transientPayload && { transientPayload }),
      ...(browser !== undefined && { browser }),
    } as JsonObject);
    return result;
  },

  async mustStillWait(sql, { record }) {
    if ((await continuations.find(sql, record.id)) === undefined) throw noSuchRedirect();
  },

  consumeOf:
    ({ record, attempt }) =>
    async (tx) => {
      if (!(await continuations.consume(tx, record, attempt))) throw noSuchRedirect();
      return true;
    },

  async completing({ record, attempt }, work, isReceived = () => true) {
    try {
      return await work();
    } catch (error) {
      if (isReceived()) {
        if (error instanceof ServiceError && isLasting(error)) await continuations.consume(db, record, attempt);
        else await continuations.release(db, record, attempt, error);
      }
      throw error;
    }
  },

  async storeResult({ record, attempt, transientPayload }, callbackData) {
    const ticket = newTicket();
    const payload = {
      secret: ticket.digest,
      ...(callbackData && { callbackData }),
      ...(transientPayload && { transientPayload }),
    };
    await db.transaction(async (tx) => {
      // Whoever was sent away again meanwhile waits for another answer.
      if (callbackData && !(await continuations.consume(tx, record, attempt))) throw noSuchRedirect();
      await continuations.park(tx, { ...record, step: "exchange" }, payload, EXCHANGE_LIFESPAN, ticket.id);
    });
    return ticket.text;
  },

  async fetchResult(sql, { initCode, returnToCode }, flowOf) {
    const ticket = readTicket(returnToCode);
    const record = ticket && (await continuations.find(sql, ticket.id));
    const payload =
      record?.step === "exchange" ? (continuations.open(record, record) as JsonObject | undefined) : undefined;
    if (!ticket || !record || !payload || !ticket.matches(payload.secret)) return undefined;
    const flow = await flowOf(record);
    if (flow === undefined || !isExchangeCodeOf(flow, initCode)) return undefined;
    const { callbackData, transientPayload } = payload as Readonly<Record<string, JsonObject | undefined>>;
    return { record, flow, callbackData, transientPayload };
  },
});

/** Whether a failure stays when the callback comes again: overload and limits pass. */
const isLasting = ({ row }: ServiceError): boolean => row.status < 500 && row.reason !== Reason.RATE_LIMITED;

const noSuchRedirect = () =>
  serviceError("INVALID_FIELD", {
    field: "state",
    explain:
      "There is no sign-in for this answer of the provider: it was used already, has expired, or is unknown. " +
      "Please start again.",
  });
