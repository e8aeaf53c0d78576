import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, createConnection } from "mysql2/promise";

/** What a server and its database did in a stretch of time. */
export interface Cost {
  /** SELECT, INSERT, UPDATE and DELETE. */
  readonly statements: number;
  readonly commits: number;
  /** Milliseconds of processor time: of the server's process, of its hashing process, of the database. */
  readonly cpu: { readonly server: number; readonly hashing: number; readonly database: number };
  /** Most MB resident in the server's process, and in its hashing process. */
  readonly memory: { readonly server: number; readonly hashing: number };
}

/** Watches a server from outside: the database's counters and the kernel's. */
export interface Watch {
  /**
   * Runs something and says what it cost, what it left under way included.
   *
   * @param leaves milliseconds in which what it leaves is over; otherwise until the database rests, two seconds at most
   */
  during<T>(pid: number, work: () => Promise<T>, leaves?: number): Promise<{ readonly result: T; readonly cost: Cost }>;
  close(): Promise<void>;
}

const counted = ["Com_select", "Com_insert", "Com_update", "Com_delete"];
const sampleMs = 200;
const pollMs = 50;
/** That long in a row without a statement, nothing is under way: a hash takes less. */
const stillPolls = 8;
/** From then on what moves is no request that was left behind. */
const mostPolls = 40;
/** Ticks of the kernel's clock are hundredths of a second on every Linux we run on. */
const tickMs = 10;

/** Creates it on the database under measurement. Its own questions are none of the statements that it counts. */
export const createWatch = async (socketPath: string, databasePid: number): Promise<Watch> => {
  const connection: Connection = await createConnection({ socketPath, user: "root" });

  const counters = async () => {
    const [rows] = await connection.query("SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Com\\_%'");
    const values = new Map(
      (rows as { Variable_name: string; Value: string }[]).map((row) => [row.Variable_name, Number(row.Value)]),
    );
    return {
      statements: counted.reduce((sum, name) => sum + (values.get(name) ?? 0), 0),
      commits: values.get("Com_commit") ?? 0,
    };
  };

  /**
   * A load generator that stops leaves requests behind, which are served all the same. Servers also look for jobs now
   * and then: several of them are never all still.
   */
  const settle = async (): Promise<void> => {
    for (let [known, same, polls] = [-1, 0, 0]; same < stillPolls && polls < mostPolls; polls++, await sleep(pollMs)) {
      const { statements, commits } = await counters();
      same = statements + commits === known ? same + 1 : 0;
      known = statements + commits;
    }
  };

  const processor = (pid: number) => {
    const hashing = children(pid);
    return {
      server: cpuOf(pid),
      hashing: hashing.reduce((sum, child) => sum + cpuOf(child), 0),
      database: cpuOf(databasePid),
    };
  };

  return {
    during: async (pid, work, leaves) => {
      const rest = () => (leaves === undefined ? settle() : sleep(leaves));
      await rest();
      const memory = { server: 0, hashing: 0 };
      const sample = () => {
        memory.server = Math.max(memory.server, residentMb(pid));
        memory.hashing = Math.max(memory.hashing, ...children(pid).map(residentMb));
      };
      const [before, cpuBefore] = [await counters(), processor(pid)];
      const sampling = setInterval(sample, sampleMs);
      try {
        const result = await work();
        sample();
        await rest();
        const [after, cpuAfter] = [await counters(), processor(pid)];
        const cost = {
          statements: after.statements - before.statements,
          commits: after.commits - before.commits,
          cpu: {
            server: cpuAfter.server - cpuBefore.server,
            // A hashing process that began or ended meanwhile tells only a part.
            hashing: Math.max(0, cpuAfter.hashing - cpuBefore.hashing),
            database: cpuAfter.database - cpuBefore.database,
          },
          memory,
        };
        return { result, cost };
      } finally {
        clearInterval(sampling);
      }
    },
    close: () => connection.end(),
  };
};

/** MB resident in a process; 0 when it is gone. */
export const residentMb = (pid: number): number => {
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kb ?? 0) / 1024;
};

const children = (pid: number): readonly number[] =>
  read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);

export const cpuOf = (pid: number): number => {
  // The name in brackets may hold anything; user and system time are the 12th and 13th field after it.
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickMs;
};

const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};
