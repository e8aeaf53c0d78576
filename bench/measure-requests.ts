import type { RequestName } from "./goals.ts";
import type { Person } from "./people.ts";
import { type RequestSpec, requestSpecs, shotsOf } from "./requests.ts";
import { type Contender, inTurns, type Measured, type Point, shareOf } from "./rounds.ts";
import type { MeasuredServer } from "./servers.ts";
import type { World } from "./world.ts";

/** One request, on both sides. */
export interface RequestResult {
  readonly name: RequestName;
  readonly ostiary: Measured;
  readonly bare: Measured;
  /** Requests per second, of the bare limit's. */
  readonly share: number;
  /** Per request when it is alone, so that nothing is read together with others. */
  readonly alone: { readonly ostiary: Statements; readonly bare: Statements };
}

/** As the database counted them. */
export interface Statements {
  readonly statements: number;
  readonly commits: number;
}

const timesAlone = 20;
const timesCounted = 8;
/** What a request does after its answer takes less, and little of what the server does each second comes between. */
const leavesMs = 50;
let pass = 0;

/** Measures one request of the table side by side with its bare limit. */
export const measureRequest = async (
  world: World,
  name: RequestName,
  onPoint: (side: string, point: Point) => void,
): Promise<RequestResult> => {
  const { bare, options, ostiary, people, watch } = world;
  const spec = requestSpecs[name];
  const contender = (server: MeasuredServer, own: readonly Person[]): Contender => ({
    name: server.name,
    pid: server.pid,
    load: (run, seconds) =>
      world.generator.run({
        baseUrl: server.baseUrl,
        shots: shotsOf(spec, own, `${name} ${run}`),
        connections: options.connections,
        duration: seconds,
        status: spec.status,
      }),
  });
  const alone = {
    ostiary: await leastOf(() => countAlone(world, ostiary, people.ostiary, spec)),
    bare: await leastOf(() => countAlone(world, bare, people.bare, spec)),
  };
  const [one, other] = await inTurns([contender(ostiary, people.ostiary), contender(bare, people.bare)], {
    ...options,
    watch,
    onPoint,
  });
  if (one === undefined || other === undefined) throw new Error("two contenders give two results");
  return { name, ostiary: one, bare: other, share: shareOf(one, other), alone };
};

/** The server also looks for jobs every second and purges now and then, which is nobody's request. */
const leastOf = async (count: () => Promise<Statements>): Promise<Statements> => {
  let least = await count();
  for (let time = 1; time < timesCounted; time++) {
    const again = await count();
    if (again.statements < least.statements) least = again;
  }
  return least;
};

const countAlone = async (
  { watch }: World,
  { baseUrl, pid }: MeasuredServer,
  people: readonly Person[],
  spec: RequestSpec,
): Promise<Statements> => {
  const shots = shotsOf(spec, people, `alone ${pass++}`).slice(0, timesAlone);
  const countRequests = async () => {
    for (const { method, path, headers, body } of shots) {
      const response = await fetch(`${baseUrl}${path}`, {
        method,
        headers: { ...headers },
        ...(method === "POST" && { body }),
      });
      await response.arrayBuffer();
      if (response.status !== spec.status)
        throw new Error(`${path} answered ${response.status} instead of ${spec.status}`);
    }
  };
  const { cost } = await watch.during(pid, countRequests, leavesMs);
  return { statements: cost.statements / shots.length, commits: cost.commits / shots.length };
};
