import { setTimeout as sleep } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import type { TestServer } from "./server.ts";

/* Faults inside the database, by triggers: real statements that really fail. */

/** A statement on a table. */
export interface Place {
  readonly table: string;
  readonly event: "INSERT" | "UPDATE" | "DELETE";
}

const arm = async (server: TestServer, { table, event }: Place, body: string): Promise<() => Promise<void>> => {
  await server.sql(`CREATE TRIGGER fault BEFORE ${event} ON ${table} FOR EACH ROW ${body}`);
  return async () => {
    await server.sql("DROP TRIGGER IF EXISTS fault");
  };
};

/** From now on the statement fails. Gives the way back. */
export const failAt = (server: TestServer, place: Place): Promise<() => Promise<void>> =>
  arm(server, place, "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a fault of the tests'");

/** Runs `work`, and ends the connection of its first statement of this kind while that runs. */
export const killAt = async <T>(server: TestServer, place: Place, work: () => Promise<T>): Promise<T> => {
  // A named lock arms the trigger: a table would be locked by the very statement that reads it.
  const armer = await createConnection({ ...server.database.connection });
  await armer.query("SELECT GET_LOCK(?, 0)", [server.database.name]);
  const disarm = await arm(server, place, `IF IS_FREE_LOCK('${server.database.name}') = 0 THEN DO SLEEP(10); END IF`);
  try {
    const running = work();
    running.catch(() => undefined);
    const id = await sleeper(server);
    await armer.end();
    await server.sql(`KILL ${id}`);
    return await running;
  } finally {
    await disarm();
  }
};

/** The connection that sleeps in the trigger. */
const sleeper = async (server: TestServer): Promise<number> => {
  for (let tries = 0; tries < 200; tries++) {
    const [row] = await server.sql<{ id: number }>("SELECT id FROM information_schema.processlist WHERE db = ? AND state = 'User sleep'", [
      server.database.name,
    ]);
    if (row !== undefined) return row.id;
    await sleep(10);
  }
  throw new Error("the statement was never sent");
};
