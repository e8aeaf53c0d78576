import { AsyncLocalStorage } from "node:async_hooks";

/** What was committed while some work ran. */
interface Observation {
  hasWritten: boolean;
}

const observations = new AsyncLocalStorage<Observation>();

/**
 * Runs work that can ask whether an outcome of it was committed meanwhile, by whichever of its transactions: after a
 * failure that, and not the kind of the failure, tells whether it may be done again. Which statements write an outcome
 * is for `DatabaseOptions.isOutcome` to say.
 */
export const observeWrites = <T>(work: (hasWritten: () => boolean) => Promise<T>): Promise<T> => {
  const observation = { hasWritten: false };
  return observations.run(observation, () => work(() => observation.hasWritten));
};

/** What a transaction, or a statement by itself, notes its writes in; undefined: nobody asks. */
export const currentObservation = (): Observation | undefined => observations.getStore();
