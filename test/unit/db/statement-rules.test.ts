import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { splitStatements } from "../../../src/db/statements.ts";
import { faultsOf, forbidden } from "../../setup/statement-rules.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** Words are looked for in all of the code, keys in each statement whose condition stands there in one piece. */
const faultsIn = (file: string): readonly string[] => {
  const code = read(file).replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
  const words = Object.entries(forbidden).flatMap(([name, pattern]) => (pattern.test(code) ? [name] : []));
  const literals = code.matchAll(/["`]((?:SELECT|INSERT|UPDATE|DELETE|ALTER)\b[^"`]*\bWHERE\b[^"`$]*)["`]/g);
  const keys = [...literals].flatMap(([, sql = ""]) =>
    faultsOf(sql.replace(/\$\{[^}]*\}/g, "")).map((fault) => `${fault}: ${sql}`),
  );
  return [...words, ...keys].map((fault) => `${file}: ${fault}`);
};

describe("the rules over statements", () => {
  it.each([
    ["LIMIT or OFFSET by a placeholder", "SELECT id FROM jobs LIMIT ?"],
    ["LIMIT or OFFSET by a placeholder", "SELECT id FROM jobs LIMIT 5 OFFSET ?"],
    ["SKIP LOCKED", "SELECT id FROM jobs FOR UPDATE SKIP LOCKED"],
    ["FOR SHARE", "SELECT 1 FROM jobs WHERE id = ? FOR SHARE"],
    ["FOR SHARE", "SELECT 1 FROM jobs WHERE id = ? LOCK IN SHARE MODE"],
    ["RETURNING", "DELETE FROM jobs WHERE id = ? RETURNING kind"],
    ["JSON_TABLE", "SELECT 1 FROM jobs, JSON_TABLE(payload, '$[*]' COLUMNS (x INT PATH '$')) t"],
    ["a trigger", "CREATE TRIGGER t BEFORE INSERT ON jobs FOR EACH ROW SET NEW.kind = ''"],
    ["a CHECK", "CREATE TABLE x (a INT, CHECK (a > 0))"],
    ["REPLACE", "REPLACE INTO jobs (id) VALUES (?)"],
    ["REPLACE", "REPLACE jobs SET id = ?"],
    ["a named lock", "SELECT GET_LOCK('x', 1)"],
    ["a foreign key", "CREATE TABLE x (a INT, FOREIGN KEY (a) REFERENCES jobs (id))"],
    ["AUTO_INCREMENT", "CREATE TABLE x (a INT AUTO_INCREMENT PRIMARY KEY)"],
    ["an index over an expression", "CREATE TABLE x (a INT, KEY x_a ((a + 1)))"],
    ["an index over an expression", "CREATE INDEX x_a ON x ((LOWER(a)))"],
    [
      "an alias for the row of an upsert",
      "INSERT INTO attempts (bucket) VALUES (?) AS n ON DUPLICATE KEY UPDATE bucket = n.bucket",
    ],
    ["more than one action in an ALTER", "ALTER TABLE jobs ADD COLUMN a DECIMAL(3, 1), ADD COLUMN b INT"],
    ["sessions without identity_id or token_digest or id", "SELECT 1 FROM sessions s WHERE s.salt = ?"],
    ["sessions without identity_id or token_digest or id", "UPDATE sessions SET identity_id = ? WHERE salt = ?"],
    ["flows without home_id", "UPDATE flows SET form = ? WHERE id = ?"],
    ["flows without home_id", "SELECT 1 FROM sessions s JOIN flows f ON f.id = ? WHERE s.token_digest = ?"],
    ["flows without home_id", "INSERT INTO flows (id) VALUES (?)"],
    ["security_events without identity_id", "SELECT id FROM security_events ORDER BY id"],
    ["later is in no list of tables", "SELECT 1 FROM later WHERE identity_id = ?"],
  ])("%s is refused: %s", (fault, sql) => {
    expect(faultsOf(sql)).toContain(fault);
  });

  it.each([
    "SELECT id FROM jobs ORDER BY run_at LIMIT 5 OFFSET 10",
    "SELECT REPLACE(kind, 'a', 'b') FROM jobs WHERE id = ? FOR UPDATE",
    "ALTER TABLE jobs ADD COLUMN a DECIMAL(3, 1) NOT NULL",
    "UPDATE sessions SET active = 0 WHERE identity_id = ? AND id = ?",
    `SELECT 1 FROM sessions s LEFT JOIN flows f ON f.home_id = s.identity_id AND f.id = ?
      WHERE s.token_digest IN (?, ?)`,
    `UPDATE flows SET form = ? WHERE home_id = ? AND EXISTS (SELECT 1 FROM sessions s
      WHERE s.identity_id = flows.home_id AND s.id = ?)`,
    "DELETE FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT 500",
    "INSERT INTO attempts (bucket, failures) VALUES (?, 1) ON DUPLICATE KEY UPDATE failures = failures + 1",
  ])("allow %s", (sql) => {
    expect(faultsOf(sql)).toEqual([]);
  });

  it("hold for everything that stands in the source, run or not", () => {
    expect(globSync("src/**/*.ts", { cwd: root }).flatMap(faultsIn)).toEqual([]);
  });

  it("hold for every migration, and the key of a person's table begins with their id", () => {
    const statements = globSync("src/db/migrations/*.sql", { cwd: root })
      .sort()
      .flatMap((file) => splitStatements(read(file)));
    expect(statements.flatMap((sql) => faultsOf(sql).map((fault) => `${fault}: ${sql}`))).toEqual([]);
    // Rows that may be nobody's are found otherwise.
    const ofPeople = statements.filter(
      (sql) => /^CREATE TABLE/.test(sql) && /^\s+(?:identity_id|home_id)\s.*\bNOT NULL/m.test(sql),
    );
    expect(ofPeople.length).toBeGreaterThanOrEqual(7);
    for (const sql of ofPeople) expect(sql).toMatch(/PRIMARY KEY \((?:identity_id|home_id)[,)]/);
  });
});
