/*
 * What happens between a submit and its answer. The table says which steps a
 * flow takes, in the order in which clients see them; the folder of a flow has
 * what a step does there. A step that is left out, or stands in another place,
 * does not compile or does not start.
 */

const x = true;
const o = false;

/**
 * The steps of a submit: step × entry point. A flow is entered by a submit; by a
 * callback, when a browser comes back from another site; the settings flow also
 * by a resume, when a parked change is applied after re-authentication; recovery
 * and verification also by the secret of a message. Whoever comes back from
 * another site was compared with the continuity cookie before the first step.
 * What verifies an address may come from any browser. What brings somebody back
 * into their account comes from the browser that asked for it, or in which its
 * link was opened; only the code that an operator made is entered in any.
 */
// biome-ignore format: the columns are the meaning
const table = {
  //                     settings                  login             registration      recovery       verification
  //                     submit  resume  callback  submit  callback  submit  callback  submit  secret submit  secret
  loadFlow:             [x,      x,      x,        x,      x,        x,      x,        x,      x,     x,      x],
  requireOwner:         [x,      x,      x,        o,      o,        o,      o,        o,      o,     o,      o],
  findCaller:           [o,      o,      o,        x,      x,        x,      x,        x,      x,     o,      o],
  requireAal:           [x,      x,      x,        o,      o,        o,      o,        o,      o,     o,      o],
  rejectIfExpired:      [x,      x,      x,        x,      x,        x,      x,        x,      x,     x,      x],
  checkOrigin:          [x,      o,      o,        x,      o,        x,      o,        x,      x,     x,      o],
  requireSameBrowser:   [o,      o,      o,        x,      o,        x,      o,        x,      x,     x,      o],
  rejectIfMalformed:    [x,      o,      o,        x,      o,        x,      o,        x,      o,     x,      o],
  openParkedChange:     [o,      x,      o,        o,      o,        o,      o,        o,      o,     o,      o],
  requireSameSession:   [o,      o,      x,        o,      o,        o,      o,        o,      o,     o,      o],
  requireEtag:          [x,      x,      o,        o,      o,        o,      o,        o,      o,     o,      o],
  pickMethod:           [x,      x,      x,        x,      x,        x,      x,        x,      x,     x,      x],
  examine:              [x,      x,      o,        o,      o,        o,      o,        o,      o,     o,      o],
  requirePrivileged:    [x,      x,      x,        o,      o,        o,      o,        o,      o,     o,      o],
  handleCallback:       [o,      o,      x,        o,      x,        o,      x,        o,      o,     o,      o],
  perform:              [x,      x,      x,        x,      x,        x,      x,        x,      x,     x,      x],
  runBeforePersistHooks:[x,      x,      x,        x,      x,        x,      x,        x,      x,     x,      x],
  persist:              [x,      x,      x,        x,      x,        x,      x,        x,      x,     x,      x],
  afterCommit:          [x,      x,      x,        x,      x,        x,      x,        x,      x,     x,      x],
  render:               [x,      x,      x,        x,      x,        x,      x,        x,      x,     x,      x],
} as const;

/** How a flow is entered: the columns of the table. */
const columns = {
  "settings submit": 0,
  "settings resume": 1,
  "settings callback": 2,
  "login submit": 3,
  "login callback": 4,
  "registration submit": 5,
  "registration callback": 6,
  "recovery submit": 7,
  "recovery secret": 8,
  "verification submit": 9,
  "verification secret": 10,
} as const;

/** A flow and how it is entered. */
export type EntryPoint = keyof typeof columns;

/** A name of a step. */
export type StepName = keyof typeof table;

/** The steps of one entry point. */
export type StepOf<E extends EntryPoint> = {
  [K in StepName]: (typeof table)[K][(typeof columns)[E]] extends true ? K : never;
}[StepName];

/** The steps of one entry point, in order. */
const stepsOf = (entryPoint: EntryPoint): readonly StepName[] =>
  (Object.keys(table) as StepName[]).filter((name) => table[name][columns[entryPoint]]);

/** The steps from this one on run after the commit: outside of any transaction, and once. */
const AFTER_COMMIT = "afterCommit" satisfies StepName;

/** A submit that has written what it writes. `render` takes the steps that are left and returns the answer. */
export interface Done<R> {
  readonly kind: "done";
  readonly render: () => Promise<R>;
}

/** Ends a submit before its last step. */
export interface Ended<T> {
  readonly endedWith: T;
}

/** Ends a submit with this result: no further step runs. */
export const endWith = <T>(endedWith: T): Ended<T> => ({ endedWith });

/** What a step gives: what it adds to the submission, or the end. It refuses by throwing. */
type StepResult<A, T> = A | Ended<T> | Promise<A | Ended<T>>;

/**
 * The steps of one entry point as far as they are listed. S is what the next one
 * knows, R the answer, C how a submit ends otherwise that has written nothing.
 */
export interface Steps<E extends EntryPoint, S0, S, R, C> {
  /** Adds a step that only looks. It refuses by throwing. */
  check(name: StepOf<E>, run: (submission: S) => void | Promise<void>): Steps<E, S0, S, R, C>;
  /** Adds a step. What it gives is merged into the submission for those after it. */
  step<A extends object>(
    name: StepOf<E>,
    run: (submission: S) => StepResult<A, Done<R> | C>,
  ): Steps<E, S0, S & A, R, C>;
  /**
   * Adds the last step, which returns the answer.
   *
   * @returns runs the steps up to the commit; those after it are run by `render` of the result
   * @throws Error at once, unless the steps are those of the table in its order
   */
  last(name: StepOf<E>, run: (submission: S) => R | Promise<R>): (submission: S0) => Promise<Done<R> | C>;
}

interface Step {
  readonly name: string;
  readonly run: (submission: object) => unknown;
}

/** What a check adds. */
const nothing = {};

/**
 * Lists the steps of a submit:
 *
 * ```ts
 * const submit = steps<"login submit", Entered, Answer, ConcurrentChange>("login submit")
 *   .step("loadFlow", loadFlow)
 *   .check("rejectIfExpired", rejectIfExpired)
 *   …
 *   .last("render", render);
 * ```
 */
export const steps = <E extends EntryPoint, S0 extends object, R, C = never>(entryPoint: E): Steps<E, S0, S0, R, C> => {
  const listed: Step[] = [];

  const list: Steps<E, S0, S0, R, C> = {
    check: (name, run) => {
      listed.push({
        name,
        run: (submission) => run(submission as S0)?.then(() => nothing) ?? nothing,
      });
      return list;
    },
    step: (name, run) => {
      listed.push({ name, run: run as Step["run"] });
      return list as never;
    },
    last: (name, run) => {
      listed.push({ name, run: async (submission) => endWith(await run(submission as S0)) });
      mustBeTheTable(
        entryPoint,
        listed.map((each) => each.name),
      );
      const commit = listed.findIndex((each) => each.name === AFTER_COMMIT);
      const [before, after] = [listed.slice(0, commit), listed.slice(commit)];
      return async (submission) => {
        const written = await runSteps(before, submission);
        if ("endedWith" in written) return (written as Ended<Done<R> | C>).endedWith;
        const render = async () => {
          const rest = (await runSteps(after, written)) as Ended<R>;
          return rest.endedWith;
        };
        return { kind: "done", render };
      };
    },
  };
  return list;
};

/** Runs steps one after the other; returns what the submission has become, or the end that one of them returns. */
const runSteps = async (list: readonly Step[], submission: object): Promise<object> => {
  let merged = submission;
  for (const each of list) {
    // Waiting for nothing would cost a turn of the event loop.
    const given = each.run(merged);
    const result = (given instanceof Promise ? await given : given) as object;
    if ("endedWith" in result) return result;
    if (result !== nothing) merged = { ...merged, ...result };
  }
  return merged;
};

const mustBeTheTable = (entryPoint: EntryPoint, names: readonly string[]): void => {
  const wanted = stepsOf(entryPoint);
  if (names.join() !== wanted.join())
    throw new Error(`the steps of ${entryPoint} are ${names.join(", ")}, but should be ${wanted.join(", ")}`);
};
