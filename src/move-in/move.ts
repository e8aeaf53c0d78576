import { createBatchHandling } from "./handle-batch.ts";
import type { MoveDeps, MoveOptions } from "./move-deps.ts";
import { createTally, type MoveReport, type Tally } from "./report.ts";
import type { Outline } from "./source/source-person.ts";
import { type IdSpan, idSpans } from "./spans.ts";
import { createMarks } from "./target/marks.ts";

/**
 * Moves everybody of a source, or of a part of it, or what changed there since the last time, and notices who was
 * deleted there. Each batch is one transaction with its marks, so that it can be interrupted anywhere and run again.
 */
export const move = async (deps: MoveDeps, options: MoveOptions = {}): Promise<MoveReport> => {
  const { workers = 4, part = whole, signal } = options;
  const tally = createTally(await deps.source.count());
  const moveSpan = createMoveSpan(deps, options, tally);
  const spans = idSpans().filter((_, at) => at % part.of === part.number);
  const work = async (): Promise<void> => {
    for (let span = spans.shift(); span !== undefined && !signal?.aborted; span = spans.shift()) await moveSpan(span);
  };
  await Promise.all(Array.from({ length: workers }, work));
  return tally.report();
};

const createMoveSpan = (deps: MoveDeps, options: MoveOptions, tally: Tally) => {
  const { source, db } = deps;
  const { batch = 256, signal, onProgress } = options;
  const marks = createMarks(source.network);
  const handle = createBatchHandling(deps, options, tally);

  return async (span: IdSpan): Promise<void> => {
    let [after, low] = [span.after, span.low];
    for (let isLast = false; !isLast && !signal?.aborted; ) {
      const { people, at } = await source.list({ after, before: span.before }, batch);
      isLast = people.length < batch;
      const last = people.at(-1)?.id ?? after;
      const high = isLast ? span.high : idBytes(last);
      const known = await marks.between(db, low, high);
      const there = new Set(people.map(({ id }) => id));
      const outlines = await source.outlines({ people: people.filter(({ id }) => known.has(id)), at });
      const isSame = ({ id, digest }: Outline) => known.get(id)?.digest.equals(digest) === true && digest.some(Boolean);
      tally.count("unchanged", outlines.filter(isSame).length);
      await handle.insert(idsOf(people.filter(({ id }) => !known.has(id))), at);
      await handle.update(idsOf(outlines.filter((outline) => !isSame(outline))), at);
      const absent = [...known.keys()].filter((id) => id !== after && !there.has(id));
      for (let at = 0; at < absent.length; at += batch) await handle.remove(absent.slice(at, at + batch));
      [after, low] = [last, high];
      onProgress?.(tally.done, tally.report().found);
    }
  };
};

const whole = { number: 0, of: 1 };

const idsOf = (people: readonly { readonly id: string }[]): readonly string[] => people.map(({ id }) => id);

const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll("-", ""), "hex");
