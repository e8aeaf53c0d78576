import type { Database, Sql } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Clock } from "../lib/clock.ts";
import { inLanes } from "../lib/in-groups.ts";
import { type Bucket, type Count, countIfWithin, countOne, secondsUntil, uncountOne } from "./counts.ts";

/* Requests for messages that are counted together: in which buckets, and what becomes of each. */

const EXPLAIN = {
  network: "Too many messages were asked for from this network. Try again later.",
  person: "Too many messages were sent to addresses of this account. Try again later.",
} as const;

/** A request, as it is counted. Beyond the budget of the network or of the person it is refused. */
export interface CountedRequest {
  readonly network: Bucket | undefined;
  readonly person: Bucket | undefined;
  /** One for each message, with the name of that. */
  readonly recipients: readonly (Bucket & { readonly name: string })[];
  /** The same for all requests of a network. */
  readonly lane: number;
}

/** What became of a request: why it is refused, or what there is of each message, by its name. */
export interface Admission {
  readonly refusal?: ServiceError;
  readonly recipients: readonly (readonly [name: string, isLeft: boolean])[];
}

const MOST_AT_ONCE = 16;
/** Groups under way at once: one for each share of the networks. */
const LANES = 4;
/** Milliseconds after which a group has met a lock, and others go past it. */
const SLOW_MS = 100;

/** What counting needs. */
interface RequestCounterDeps {
  readonly db: Database;
  readonly clock: Pick<Clock, "now">;
  /** Milliseconds. */
  readonly window: number;
}

/** Creates what counts requests: those that come together in groups. */
export const createRequestCounter = ({
  db,
  clock,
  window,
}: RequestCounterDeps): ((request: CountedRequest) => Promise<Admission>) => {
  /** By one statement where nothing is refused and no message is too many, as nearly always. */
  const countAll = async (requests: readonly CountedRequest[]): Promise<readonly Admission[]> => {
    const buckets = sumOf(requests.flatMap(bucketsOf));
    const isCounted = await countIfWithin(db, buckets, window, clock.now(), repeatableOf(requests));
    return isCounted ? requests.map(admitWhole) : countEach(requests);
  };

  /** In one transaction: a refused request is subtracted again before anybody else can count on it. */
  const countEach = (requests: readonly CountedRequest[]): Promise<readonly Admission[]> => {
    const countIn = async (tx: Sql): Promise<readonly Admission[]> => {
      const now = clock.now();
      const buckets = sumOf(requests.flatMap(bucketsOf));
      const counts = await countOne(tx, buckets, window, now);
      const held = new Map(buckets.map(({ digest, by }, at) => [nameOf(digest), leftOf(counts[at], by)]));
      const answers = requests.map((request) => admit(request, held, now));
      const refused = sumOf(requests.filter((_, at) => answers[at]?.refusal !== undefined).flatMap(bucketsOf));
      const inWindow = refused.map(({ digest }) => counts[buckets.findIndex((each) => each.digest.equals(digest))]);
      await uncountOne(tx, refused, inWindow, now);
      return answers;
    };
    return db.transaction(countIn, repeatableOf(requests) === "once" ? { attempts: 1 } : {});
  };

  /**
   * Requests that come together are counted by one statement: those of one network would wait for each other. One that
   * waits for a lock holds up those of its own address and person alone.
   */
  return inLanes(
    { most: MOST_AT_ONCE, atOnce: 1, retriesAlone: true, slow: { after: SLOW_MS, most: 4, keysOf } },
    ({ lane }) => lane % LANES,
    countAll,
  );
};

const limiting = ({ network, person }: CountedRequest): readonly Bucket[] =>
  [network, person].filter((each) => each !== undefined);
/** What a request counts in. */
export const bucketsOf = (request: CountedRequest): readonly Bucket[] => [...limiting(request), ...request.recipients];

/** What a request may wait for. The network is locked last, when nothing else is left to wait for. */
const keysOf = ({ person, recipients }: CountedRequest): readonly string[] =>
  [...(person ? [person] : []), ...recipients].map(({ digest }) => nameOf(digest));

const tooMany = (explain: string, until: Date, now: Date): ServiceError =>
  serviceError("RATE_LIMITED", {
    explain,
    headers: { "retry-after": String(secondsUntil(until, now)) },
  });

/** What a bucket held before the requests that are looked at, and how long. */
type Held = { readonly failures: number; readonly expiresAt: Date } | undefined;

const nameOf = (digest: Buffer): string => digest.toString("latin1");

/** Buckets by their digest, each once, with how many are counted in it. */
const sumOf = (buckets: readonly Bucket[]): readonly Bucket[] => {
  const sums = new Map<string, Bucket>();
  for (const bucket of buckets) {
    const by = (sums.get(nameOf(bucket.digest))?.by ?? 0) + (bucket.by ?? 1);
    sums.set(nameOf(bucket.digest), { ...bucket, by });
  }
  return [...sums.values()];
};

const leftOf = (count: Count | undefined, by = 1): Held =>
  count && { ...count, failures: Math.max(0, count.failures - by) };

/** A group that meets a lock or a deadlock is counted one by one. */
const repeatableOf = (requests: readonly CountedRequest[]) => (requests.length > 1 ? "once" : "same");

/** What there is room for. */
const admitWhole = ({ recipients }: CountedRequest): Admission => ({
  recipients: recipients.map(({ name }) => [name, true]),
});

/** Counts a request on what was held before it; what is refused counts for none of its buckets. */
const admit = (request: CountedRequest, held: Map<string, Held>, now: Date): Admission => {
  for (const part of ["network", "person"] as const) {
    const bucket = request[part];
    const before = bucket && held.get(nameOf(bucket.digest));
    if (before && before.failures + (bucket.by ?? 1) > bucket.limit)
      return { refusal: tooMany(EXPLAIN[part], before.expiresAt, now), recipients: [] };
  }
  const add = ({ digest, limit, by = 1 }: Bucket): boolean => {
    const before = held.get(nameOf(digest));
    if (before === undefined) return true;
    held.set(nameOf(digest), { ...before, failures: before.failures + by });
    return before.failures + by <= limit;
  };
  for (const bucket of limiting(request)) add(bucket);
  return {
    recipients: request.recipients.map((bucket) => [bucket.name, add(bucket)]),
  };
};
