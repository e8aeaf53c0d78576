import type { Failure, Form, FormValues, Result, Submitted, WithForm } from "@ostiary/client";
import { formOf } from "@ostiary/client";
import { useCallback, useEffect, useRef, useState } from "react";

/** What useFlow calls: createSettings, createLogin and createRegistration of @ostiary/client make such objects. */
export interface FlowCalls<F, V, O> {
  readonly create: (options?: O) => Promise<Result<F>>;
  readonly get: (id: string) => Promise<Result<F>>;
  readonly submit: (flow: F, values: FormValues) => Promise<Submitted<V, F>>;
}

/** How a flow begins, and what happens at its end. */
export interface FlowOptions<F, V, O> {
  /** Go on with this flow; left out, a new one is created. */
  readonly id?: string | undefined;
  /** What a new flow is created with: `{ refresh: true }`. Read once. */
  readonly create?: O | undefined;
  /** Called when a submit was accepted. */
  readonly onDone?: ((value: V) => void) | undefined;
  /** The flow that the answer of a submit holds, if any: it is shown from then on. */
  readonly next?: ((value: V) => F | undefined) | undefined;
}

/** A flow on the screen. */
export interface FlowState<F> {
  /** Undefined until it is there. */
  readonly flow: F | undefined;
  readonly form: Form | undefined;
  /** Why the last call failed, but for a form that was rejected: that has its messages in the nodes. */
  readonly failure: Failure | undefined;
  /** A call is on its way. */
  readonly pending: boolean;
  /** Counts the answers: a key for forms, whose inputs then show what the server has. */
  readonly version: number;
  /** Submits what was typed, by the names of the inputs, that of the pressed button included. */
  readonly submit: (values: FormValues) => Promise<void>;
  /** Shows what another call answered, such as a change that was resumed: a flow, or why it failed. */
  readonly show: (flow: F | undefined, failure?: Failure) => void;
}

interface Shown<F> {
  readonly flow?: F | undefined;
  readonly failure?: Failure | undefined;
  readonly pending: boolean;
  readonly version: number;
}

/** Creates or reads a flow, and submits it. */
export const useFlow = <F extends WithForm, V, O>(
  calls: FlowCalls<F, V, O>,
  options: FlowOptions<F, V, O> = {},
): FlowState<F> => {
  const [shown, setShown] = useState<Shown<F>>({ pending: true, version: 0 });
  const latest = useRef({ calls, options });
  latest.current = { calls, options };

  /** How many answers there were, and the last one with a flow: what a slower read brings may be older. */
  const answers = useRef({ count: 0, flow: 0 });
  const answer = useCallback((flow: F | undefined, failure: Failure | undefined) => {
    answers.current.count += 1;
    if (flow !== undefined) answers.current.flow = answers.current.count;
    setShown((before) => ({ flow: flow ?? before.flow, failure, pending: false, version: before.version + 1 }));
  }, []);

  const { id } = options;
  useEffect(() => {
    let gone = false;
    const begin = async (): Promise<void> => {
      // StrictMode mounts twice at once: two flows would be begun, and their anti-CSRF cookies would collide.
      await Promise.resolve();
      if (gone) return;
      const { calls: now, options: given } = latest.current;
      const answered = answers.current.count;
      const result = id === undefined ? await now.create(given.create) : await now.get(id);
      if (gone || answers.current.flow > answered) return;
      if (result.ok && answers.current.count === answered) answer(result.value, undefined);
      else if (result.ok) setShown((before) => ({ ...before, flow: result.value, version: before.version + 1 }));
      else answer(undefined, result.failure);
    };
    void begin();
    return () => {
      gone = true;
    };
  }, [id, answer]);

  const { flow } = shown;
  const submit = useCallback(
    async (values: FormValues) => {
      if (flow === undefined) return;
      setShown((before) => ({ ...before, failure: undefined, pending: true }));
      const result = await latest.current.calls.submit(flow, values);
      if (result.ok) {
        answer(latest.current.options.next?.(result.value), undefined);
        latest.current.options.onDone?.(result.value);
      } else if (result.failure.reason === "form_rejected") answer(result.flow, undefined);
      else answer(undefined, result.failure);
    },
    [flow, answer],
  );

  return { ...shown, flow, failure: shown.failure, form: flow && formOf(flow), submit, show: answer };
};
