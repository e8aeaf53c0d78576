import { createComparison, type Difference } from "./compare.ts";
import type { RecordedAnswer } from "./normalise.ts";
import { createScenarioClient, type Scenario, type Step, type World } from "./scenario-client.ts";

/** A scenario as it was recorded. */
export interface Recording {
  readonly name: string;
  readonly steps: readonly { readonly label: string; readonly answer: RecordedAnswer }[];
}

/** What playing a scenario showed. */
export interface Replay {
  readonly differences: readonly Difference[];
  /** Node groups in our answers. */
  readonly groups: ReadonlySet<string>;
}

/**
 * Plays a scenario against a server and compares every answer with the recorded
 * one. An answer that was not reached is a difference.
 *
 * @param left node groups that are not compared
 */
export const replay = async (
  world: World,
  play: Scenario,
  { steps }: Recording,
  left: ReadonlySet<string>,
): Promise<Replay> => {
  const client = createScenarioClient(world);
  world.provider.next = { sub: "someone" };
  let failure: unknown;
  try {
    await play(client);
  } catch (error) {
    failure = error;
  }
  const compare = createComparison(left);
  const differences = steps.flatMap(({ label, answer }) => {
    const ours = client.steps.find((step) => step.label === label);
    if (ours !== undefined) return [...compare(answer, ours.answer, label), ...undocumented(ours)];
    const why = failure instanceof Error ? `not reached: ${failure.message}` : "not reached";
    return [{ path: label, recorded: "an answer", ours: why }];
  });
  return { differences, groups: new Set(client.steps.flatMap(({ answer }) => groupsIn(answer.body))) };
};

/** What gen/openapi.json does not say of an answer of ours. */
const undocumented = ({ label, undocumented: ours }: Step): Difference[] =>
  ours === undefined ? [] : [{ path: `${label}: OpenAPI`, recorded: "documented", ours }];

const groupsIn = (body: unknown): string[] => {
  const { ui } = (body ?? {}) as { readonly ui?: { readonly nodes?: readonly { readonly group: string }[] } };
  return (ui?.nodes ?? []).map(({ group }) => group);
};
