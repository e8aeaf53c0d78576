import { migrate } from "../../../src/db/migrate.ts";
import { createDatabase } from "../../../src/db/pool.ts";

/** A node that migrates and prints what it applied: `node migrate-process.ts DSN FOLDER LEASE_SECONDS`. */
const [dsn = "", folder = "", seconds = "30"] = process.argv.slice(2);
const db = createDatabase({ dsn, poolSize: 3 });
const { applied } = await migrate({ db, folder: new URL(folder), leaseSeconds: Number(seconds) });
await db.close();
process.stdout.write(JSON.stringify(applied));
