import { createConnection } from "mysql2/promise";
import { expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import { type FreshDatabase, freshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

/** All definitions of a database, and all rows that it begins with. */
const contentsOf = async ({ connection: to }: FreshDatabase): Promise<Readonly<Record<string, unknown>>> => {
  const connection = await createConnection({ ...to, rowsAsArray: true });
  const query = async (sql: string) => (await connection.query(sql))[0] as unknown as readonly string[][];
  try {
    const contents: Record<string, unknown> = {};
    for (const [table = ""] of await query("SHOW TABLES")) {
      const [definition] = await query(`SHOW CREATE TABLE ${table}`);
      const rows = await query(`SELECT * FROM ${table} ORDER BY 1`);
      // Two databases are not migrated in the same second.
      contents[table] = [
        definition,
        rows.map((row) => row.filter((value) => (value as unknown) instanceof Date === false)),
      ];
    }
    return contents;
  } finally {
    await connection.end();
  }
};

it("the database that most tests get a copy of is what the migrations make", async () => {
  const [copy, migrated] = [await migratedDatabase(), await freshDatabase()];
  const db = createDatabase({ dsn: migrated.dsn, poolSize: 2 });
  try {
    await migrate({ db });
    const contents = await contentsOf(copy);
    expect(Object.keys(contents)).toContain("identities");
    expect(contents).toEqual(await contentsOf(migrated));
  } finally {
    await db.close();
    await Promise.all([copy.drop(), migrated.drop()]);
  }
});
