import { readFileSync } from "node:fs";

/** Tells how much of the machine others had since it was created: 0 is nothing, 1 all of its processors. */
export type ShareOfOthers = () => number;

/** Creates it for a run; `pids` are its processes beside this one. What their children did counts as theirs. */
export const createShareOfOthers = (pids: readonly number[]): ShareOfOthers => {
  const own = () =>
    [process.pid, ...pids].reduce(
      (sum, pid) => sum + ticksOf(pid) + childrenOf(pid).reduce((more, child) => more + ticksOf(child), 0),
      0,
    );
  const [machine, ours] = [machineTicks(), own()];
  return () => {
    const now = machineTicks();
    const total = now.total - machine.total;
    return total === 0 ? 0 : Math.max(0, (now.busy - machine.busy - (own() - ours)) / total);
  };
};

/** What all processors did: user, nice, system, idle, waiting, interrupts, and what other guests of the host took. */
const machineTicks = (): { readonly busy: number; readonly total: number } => {
  const [, ...fields] = (readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "").split(/\s+/).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, steal = 0] = fields;
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, total: busy + idle + waiting };
};

/** Of a process, and of its children that ended. */
const ticksOf = (pid: number): number => {
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0);
};

const childrenOf = (pid: number): readonly number[] =>
  pid === process.pid ? [] : read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);

const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};
