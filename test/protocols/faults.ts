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

/** From now on each connection loses this statement twice to a deadlock, and then has it. Gives the way back. */
export const deadlockAt = (server: TestServer, place: Place): Promise<() => Promise<void>> =>
  arm(
    server,
    place,
    `BEGIN
       SET @lost = IFNULL(@lost, 0) + 1;
       IF @lost <= 2 THEN SIGNAL SQLSTATE '40001'
       SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found when trying to get lock'; END IF;
     END`,
  );

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

interface Connection {
  readonly Id: number;
  readonly db: string | null;
  readonly State: string | null;
}

/** What the connections of this database do. The tables that say the same choke on statements with bytes in them. */
const connections = async ({ sql, database }: TestServer): Promise<Connection[]> =>
  (await sql<Connection>("SHOW PROCESSLIST")).filter(({ db }) => db === database.name);

/** The connection that sleeps in the trigger. */
const sleeper = async (server: TestServer): Promise<number> => {
  for (let tries = 0; tries < 200; tries++) {
    const found = (await connections(server)).find(({ State }) => State === "User sleep");
    if (found !== undefined) return found.Id;
    await sleep(10);
  }
  throw new Error("the statement was never sent");
};

/** Until an UPDATE goes on for so long that it must wait for a lock. */
export const lockWait = async (server: TestServer): Promise<void> => {
  for (let seen = 0, tries = 0; tries < 100; tries++) {
    const isUpdating = (await connections(server)).some(({ State }) => State?.toLowerCase() === "updating");
    seen = isUpdating ? seen + 1 : 0;
    if (seen === 10) return;
    await sleep(30);
  }
  throw new Error("nobody waits for a lock");
};
