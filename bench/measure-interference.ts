import { setTimeout as sleep } from "node:timers/promises";
import type { LoadResult } from "./load.ts";
import { requestSpecs, shotsOf } from "./requests.ts";
import { median } from "./rounds.ts";
import type { Shot } from "./shot.ts";
import type { World } from "./world.ts";

/** What password changes do to others. Times in milliseconds. */
export interface InterferenceResult {
  /** Password changes per second when nothing else is asked: the hashing bound. */
  readonly bound: number;
  /** Password changes per second that were offered, that were done, and that were refused as too many. */
  readonly offered: number;
  readonly done: number;
  readonly refused: number;
  readonly paced: Comparison;
  readonly saturated: Comparison;
}

/** whoami without and with password changes beside it; medians. */
interface Comparison {
  readonly perSecond: { readonly baseline: number; readonly busy: number };
  readonly p50: { readonly baseline: number; readonly busy: number };
  readonly p99: { readonly baseline: number; readonly busy: number };
  /** p99 under password changes, in multiples of the baseline: the median over the rounds. */
  readonly times: number;
}

/** Just below the bound. */
const share = 0.9;
const shortest = 3;
/** Few connections with a rest between requests: about 480 requests a second. */
const pace = { connections: 8, rest: 16 };

/** Measures whoami alone and beside password changes, in turns: at a steady pace, and as fast as it goes. */
export const measureInterference = async (
  world: World,
  onPoint: (what: string) => void,
): Promise<InterferenceResult> => {
  const { generator, options, ostiary, people } = world;
  const { baseUrl } = ostiary;
  // Whoever's password changes is not whoever asks: their rows have nothing in common.
  const half = Math.ceil(people.ostiary.length / 2);
  const [askers, changers] = [people.ostiary.slice(0, half), people.ostiary.slice(half)];
  const duration = Math.max(options.duration, shortest);
  const whoami = (load: { readonly connections: number; readonly rest?: number }) =>
    generator.run({ baseUrl, shots: shotsOf(requestSpecs.whoami, askers, ""), duration, status: 200, ...load });
  const changes = (salt: string) => shotsOf(requestSpecs.password, changers, salt);

  const { perSecond: bound } = await generator.run({
    baseUrl,
    shots: changes("bound"),
    connections: options.connections,
    duration,
    status: 200,
  });
  onPoint(`the bound is ${bound.toFixed(0)} password changes a second`);

  const totals = { seconds: 0, done: 0, refused: 0 };
  const both = async (
    load: { readonly connections: number; readonly rest?: number },
    label: string,
  ): Promise<Comparison> => {
    const pairs: { readonly baseline: LoadResult; readonly busy: LoadResult }[] = [];
    await whoami(load);
    for (let round = 0; round < options.rounds; round++) {
      const baseline = await whoami(load);
      const pacer = startPacer(baseUrl, changes(`${label} ${round}`), bound * share);
      const busy = await whoami(load);
      const { done, refused, seconds } = await pacer.stop();
      totals.done += done;
      totals.refused += refused;
      totals.seconds += seconds;
      pairs.push({ baseline, busy });
      onPoint(
        `${label}: p99 ${baseline.p99.toFixed(1)} ms baseline, ${busy.p99.toFixed(1)} ms beside ` +
          `${(done / seconds).toFixed(0)} changes a second`,
      );
    }
    const of = (figure: (result: LoadResult) => number) => ({
      baseline: median(pairs.map(({ baseline }) => figure(baseline))),
      busy: median(pairs.map(({ busy }) => figure(busy))),
    });
    return {
      perSecond: of((r) => r.perSecond),
      p50: of((r) => r.p50),
      p99: of((r) => r.p99),
      times: median(pairs.map(({ baseline, busy }) => busy.p99 / baseline.p99)),
    };
  };
  const paced = await both(pace, "paced");
  const saturated = await both({ connections: options.connections }, "saturated");
  return {
    bound,
    offered: bound * share,
    done: totals.done / totals.seconds,
    refused: totals.refused / totals.seconds,
    paced,
    saturated,
  };
};

interface Pacer {
  stop(): Promise<{ readonly done: number; readonly refused: number; readonly seconds: number }>;
}

/** Sends requests at a steady rate, whether or not earlier ones are answered. */
const startPacer = (baseUrl: string, shots: readonly Shot[], rate: number): Pacer => {
  const startedAt = performance.now();
  const under = new Set<Promise<void>>();
  let [sent, done, refused, over] = [0, 0, 0, false];

  const send = async ({ method, path, headers, body }: Shot) => {
    const response = await fetch(`${baseUrl}${path}`, { method, headers: { ...headers }, body });
    await response.arrayBuffer();
    if (response.ok) done += 1;
    else if (response.status === 429 || response.status === 503) refused += 1;
    else throw new Error(`a password change was answered ${response.status}`);
  };
  const pacing = (async () => {
    while (!over) {
      const due = ((performance.now() - startedAt) / 1000) * rate;
      for (; sent < due; sent++) {
        const request = send(shots[sent % shots.length] as Shot).finally(() => under.delete(request));
        under.add(request);
      }
      await sleep(Math.max(1, 500 / rate));
    }
  })();
  return {
    stop: async () => {
      over = true;
      await pacing;
      await Promise.all(under);
      return { done, refused, seconds: (performance.now() - startedAt) / 1000 };
    },
  };
};
