/*
 * What happens between a submit and its answer. The table says which steps a
 * flow takes, in the order in which clients see them; the folder of a flow has
 * what a step does there. A step that is left out, or stands in another place,
 * does not compile or does not start.
 */

const x = true;
const o = false;

/**
 * The steps of a submit: step × entrance. A flow is entered by a submit; by a
 * callback, when a browser comes back from another site; the settings flow also
 * by a resume, when a parked change is applied after re-authentication.
 */
// biome-ignore format: the columns are the meaning
const table = {
  //                   settings                   login              registration
  //                   submit  resume  callback   submit  callback   submit  callback
  loadFlow:           [x,      x,      x,         x,      x,         x,      x],
  requireOwner:       [x,      x,      x,         o,      o,         o,      o],
  rejectIfSignedIn:   [o,      o,      o,         x,      x,         x,      x],
  requireAal:         [x,      x,      x,         o,      o,         o,      o],
  rejectIfExpired:    [x,      x,      x,         x,      x,         x,      x],
  checkOrigin:        [x,      o,      o,         x,      o,         x,      o],
  rejectIfMalformed:  [x,      o,      o,         x,      o,         x,      o],
  openParkedChange:   [o,      x,      o,         o,      o,         o,      o],
  requireSameSession: [o,      o,      x,         o,      o,         o,      o],
  requireEtag:        [x,      x,      o,         o,      o,         o,      o],
  pickMethod:         [x,      x,      x,         x,      x,         x,      x],
  examine:            [x,      x,      o,         o,      o,         o,      o],
  requirePrivileged:  [x,      x,      x,         o,      o,         o,      o],
  handleCallback:     [o,      o,      x,         o,      x,         o,      x],
  perform:            [x,      x,      x,         x,      x,         x,      x],
  persist:            [x,      x,      x,         x,      x,         x,      x],
  render:             [x,      x,      x,         x,      x,         x,      x],
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
} as const;

/** A flow and how it is entered. */
export type Entrance = keyof typeof columns;

/** A name of a step. */
export type StepName = keyof typeof table;

/** The steps of one entrance. */
export type StepOf<E extends Entrance> = {
  [K in StepName]: (typeof table)[K][(typeof columns)[E]] extends true ? K : never;
}[StepName];

/** The steps of one entrance, in order. */
const stepsOf = (entrance: Entrance): readonly StepName[] =>
  (Object.keys(table) as StepName[]).filter((name) => table[name][columns[entrance]]);

/** Ends a submit before its last step. */
export interface Ended<R> {
  readonly endedWith: R;
}

/** Ends a submit with this answer: no further step is taken. */
export const endWith = <R>(endedWith: R): Ended<R> => ({ endedWith });

/** What a step gives: what it adds to the submission, or the end. It refuses by throwing. */
type StepResult<A, R> = A | Ended<R> | Promise<A | Ended<R>>;

/** The steps of one entrance as far as they are listed: S is what the next one knows, R the answer. */
export interface Steps<E extends Entrance, S0, S, R> {
  /** Adds a step that only looks. It refuses by throwing. */
  check(name: StepOf<E>, run: (submission: S) => void | Promise<void>): Steps<E, S0, S, R>;
  /** Adds a step. What it gives is merged into the submission for those after it. */
  step<A extends object>(name: StepOf<E>, run: (submission: S) => StepResult<A, R>): Steps<E, S0, S & A, R>;
  /**
   * Adds the last step, which gives the answer.
   *
   * @throws Error at once, unless the steps are those of the table in its order
   */
  last(name: StepOf<E>, run: (submission: S) => R | Promise<R>): (submission: S0) => Promise<R>;
}

type Run = (submission: object) => unknown;

/** What a check adds. */
const nothing = {};

/**
 * Lists the steps of a submit:
 *
 * ```ts
 * const submit = steps<"login submit", Entered, Answer>("login submit")
 *   .step("loadFlow", loadFlow)
 *   .check("rejectIfExpired", rejectIfExpired)
 *   …
 *   .last("render", render);
 * ```
 */
export const steps = <E extends Entrance, S0 extends object, R>(entrance: E): Steps<E, S0, S0, R> => {
  const listed: { readonly name: string; readonly run: Run }[] = [];

  const list: Steps<E, S0, S0, R> = {
    check: (name, run) => {
      listed.push({
        name,
        run: (submission) => run(submission as S0)?.then(() => nothing) ?? nothing,
      });
      return list;
    },
    step: (name, run) => {
      listed.push({ name, run: run as Run });
      return list as never;
    },
    last: (name, run) => {
      listed.push({ name, run: async (submission) => endWith(await run(submission as S0)) });
      mustBeTheTable(
        entrance,
        listed.map((each) => each.name),
      );
      return async (submission) => {
        let known: object = submission;
        for (const each of listed) {
          // Waiting for nothing would cost a turn of the event loop.
          const given = each.run(known);
          const result = (given instanceof Promise ? await given : given) as object;
          if ("endedWith" in result) return (result as Ended<R>).endedWith;
          known = { ...known, ...result };
        }
        throw new Error(`${entrance} has no last step`);
      };
    },
  };
  return list;
};

const mustBeTheTable = (entrance: Entrance, names: readonly string[]): void => {
  const wanted = stepsOf(entrance);
  if (names.join() !== wanted.join())
    throw new Error(`the steps of ${entrance} are ${names.join(", ")}, but should be ${wanted.join(", ")}`);
};
