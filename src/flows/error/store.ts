import type { JsonObject } from "@bufbuild/protobuf";
import { readJson } from "../../db/read-json.ts";
import type { Sql } from "../../db/sql.ts";
import { parseUuid, uuid4, uuidBytes } from "../../lib/ids.ts";

/** How long an error can be read, in milliseconds. */
const LIFESPAN = 24 * 3_600_000;

/** An error that a browser was sent to the error page with. */
export interface FlowErrorRecord {
  readonly id: string;
  readonly error: JsonObject;
  readonly createdAt: Date;
}

/** Keeps errors for the error page. */
export interface FlowErrorStore {
  /** Returns the id under which it can be read. */
  insert(sql: Sql, error: JsonObject, now: Date): Promise<string>;
  find(sql: Sql, id: string, now: Date): Promise<FlowErrorRecord | undefined>;
}

/** Creates the store. It keeps no state of its own. */
export const createFlowErrorStore = (): FlowErrorStore => ({
  async insert(sql, error, now) {
    const id = uuid4();
    await sql.execute(
      "INSERT INTO flow_errors (id, error, created_at, expires_at) VALUES (?, ?, ?, ?)",
      [uuidBytes(id), JSON.stringify(error), now, new Date(now.getTime() + LIFESPAN)],
      "own-id",
    );
    return id;
  },

  async find(sql, id, now) {
    const bytes = parseUuid(id);
    if (bytes === undefined) return undefined;
    const [row] = await sql.query<{ error: unknown; created_at: Date }>(
      "SELECT error, created_at FROM flow_errors WHERE id = ? AND expires_at > ?",
      [bytes, now],
    );
    return row && { id: id.toLowerCase(), error: readJson<JsonObject>(row.error), createdAt: row.created_at };
  },
});
