import type { LoadResult } from "./load.ts";
import type { Watch } from "./watch.ts";

/** One side of a comparison. */
export interface Contender {
  readonly name: string;
  /** Process id of its server. */
  readonly pid: number;
  /** Puts load on it for `seconds`; every run has a number of its own. */
  readonly load: (run: number, seconds: number) => Promise<LoadResult>;
}

/** What a contender did, per request where it says so. */
export interface Point extends LoadResult {
  readonly statements: number;
  readonly commits: number;
  /** Microseconds of processor time per request. */
  readonly cpu: { readonly server: number; readonly hashing: number; readonly database: number };
  /** Most MB resident. */
  readonly memory: { readonly server: number; readonly hashing: number };
}

/** All points of a contender, and the medians of each figure. */
export interface Measured {
  readonly name: string;
  readonly median: Point;
  readonly points: readonly Point[];
}

/** How points are taken. */
export interface RoundsOptions {
  readonly rounds: number;
  /** Seconds per point. */
  readonly duration: number;
  /** Seconds under load before the first point: until then code is measured that is not compiled yet. */
  readonly warm: number;
  readonly watch: Watch;
  /** Told of each point. */
  readonly onPoint: (name: string, point: Point) => void;
}

let runs = 0;

/**
 * Measures contenders in turns, so that whatever else the machine does hits all
 * of them alike: A B, B A, A B, … after a warm-up of each.
 */
export const inTurns = async (
  contenders: readonly Contender[],
  { rounds, duration, warm, watch, onPoint }: RoundsOptions,
): Promise<readonly Measured[]> => {
  const points = new Map<string, Point[]>(contenders.map(({ name }) => [name, []]));
  for (const { load } of contenders) await load(++runs, warm);
  for (let round = 0; round < rounds; round++) {
    for (const { name, pid, load } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const { result, cost } = await watch.during(pid, () => load(++runs, duration));
      if (result.requests === 0) throw new Error(`${name} answered nothing`);
      if (result.wrong > result.requests / 100)
        throw new Error(`${name}: ${result.wrong} of ${result.requests} answers were wrong`);
      const served = result.requests + result.left;
      const each = (milliseconds: number) => (milliseconds * 1000) / served;
      const point: Point = {
        ...result,
        statements: cost.statements / served,
        commits: cost.commits / served,
        cpu: { server: each(cost.cpu.server), hashing: each(cost.cpu.hashing), database: each(cost.cpu.database) },
        memory: cost.memory,
      };
      points.get(name)?.push(point);
      onPoint(name, point);
    }
  }
  return contenders.map(({ name }) => {
    const own = points.get(name) ?? [];
    return { name, median: medianPoint(own), points: own };
  });
};

const medianPoint = (points: readonly Point[]): Point => {
  const of = (figure: (point: Point) => number) => median(points.map(figure));
  return {
    requests: of((p) => p.requests),
    left: of((p) => p.left),
    perSecond: of((p) => p.perSecond),
    p50: of((p) => p.p50),
    p99: of((p) => p.p99),
    wrong: of((p) => p.wrong),
    statements: of((p) => p.statements),
    commits: of((p) => p.commits),
    cpu: { server: of((p) => p.cpu.server), hashing: of((p) => p.cpu.hashing), database: of((p) => p.cpu.database) },
    memory: {
      server: Math.max(...points.map((p) => p.memory.server)),
      hashing: Math.max(...points.map((p) => p.memory.hashing)),
    },
  };
};

/** The middle of some figures. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = low] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
};

/**
 * How many times as much one contender does as another: the median over the rounds, in which both had the same
 * machine.
 */
export const shareOf = (one: Measured, other: Measured): number =>
  median(one.points.map(({ perSecond }, round) => perSecond / (other.points[round]?.perSecond ?? 0)));
