import { Worker } from "node:worker_threads";
import { type Flood, type FloodOrder, floodsOn } from "./floods.ts";
import type { LoadResult } from "./load.ts";
import { requestSpecs, shotsOf } from "./requests.ts";
import { median } from "./rounds.ts";
import { residentMb } from "./watch.ts";
import type { World } from "./world.ts";

/** What a flood does to others. Times in milliseconds. */
export interface FloodResult {
  readonly name: string;
  /** p99 of somebody else's whoami, without and with the flood beside it; medians. */
  readonly p99: { readonly baseline: number; readonly busy: number };
  readonly perSecond: { readonly baseline: number; readonly busy: number };
  /** p99 under the flood, in multiples of the baseline: the median over the rounds. */
  readonly times: number;
  /** MB resident in the server when the flood was over, above what was there before it. */
  readonly memory: number;
  /** How the flood was answered, by status. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Few connections with a rest between requests: what people who are there make. */
const pace = { connections: 8, rest: 16 };
const shortest = 3;

/** Measures whoami alone and beside each flood, in turns. */
export const measureFloods = async (world: World, onPoint: (what: string) => void): Promise<readonly FloodResult[]> => {
  const { generator, options, ostiary, people } = world;
  const { baseUrl, pid } = ostiary;
  const duration = Math.max(options.duration, shortest);
  const whoami = () =>
    generator.run({ baseUrl, shots: shotsOf(requestSpecs.whoami, people.ostiary, ""), duration, status: 200, ...pace });
  const results: FloodResult[] = [];
  const flow = await beginFlow(baseUrl);
  await whoami();
  for (const flood of floodsOn(flow)) {
    const pairs: { readonly baseline: LoadResult; readonly busy: LoadResult }[] = [];
    const answers: Record<string, number> = {};
    const before = residentMb(pid);
    for (let round = 0; round < options.rounds; round++) {
      const baseline = await whoami();
      const sending = start(flood, baseUrl);
      const busy = await whoami();
      for (const [status, count] of Object.entries(await sending.stop()))
        answers[status] = (answers[status] ?? 0) + count;
      pairs.push({ baseline, busy });
    }
    const of = (figure: (result: LoadResult) => number) => ({
      baseline: median(pairs.map(({ baseline }) => figure(baseline))),
      busy: median(pairs.map(({ busy }) => figure(busy))),
    });
    const result = {
      name: flood.name,
      p99: of(({ p99 }) => p99),
      perSecond: of(({ perSecond }) => perSecond),
      times: median(pairs.map(({ baseline, busy }) => busy.p99 / baseline.p99)),
      memory: residentMb(pid) - before,
      answers,
    };
    results.push(result);
    onPoint(
      `${flood.name}: p99 ${result.p99.baseline.toFixed(1)} ms baseline, ${result.p99.busy.toFixed(1)} ms beside it`,
    );
  }
  return results;
};

const beginFlow = async (baseUrl: string): Promise<string> => {
  const response = await fetch(`${baseUrl}/self-service/registration/api`, { headers: { accept: "application/json" } });
  const { id } = (await response.json()) as { readonly id: string };
  return id;
};

const start = ({ name: _, ...flood }: Flood, baseUrl: string) => {
  const workerData: FloodOrder = { ...flood, baseUrl };
  const thread = new Worker(new URL("./flood-thread.ts", import.meta.url), { workerData });
  return {
    stop: async (): Promise<Readonly<Record<string, number>>> => {
      const answers = new Promise<Record<string, number>>((resolve, reject) => {
        thread.once("message", resolve).once("error", reject);
      });
      thread.postMessage("stop");
      const answered = await answers;
      await thread.terminate();
      return answered;
    },
  };
};
