import { createHash, randomBytes } from "node:crypto";
import { continuationColumns } from "../src/continuation/continuation.ts";
import type { Database, SqlValue } from "../src/db/sql.ts";
import { flowColumns } from "../src/flows/shared/store.ts";
import { identifierKey } from "../src/identity/apply.ts";
import { lookupDigest } from "../src/identity/lookups.ts";
import { identityColumns } from "../src/identity/store.ts";
import type { Hasher } from "../src/lib/hashing/hasher.ts";
import { uuid4, uuid7, uuidBytes } from "../src/lib/ids.ts";
import { liveSession, sessionColumns } from "../src/session/store.ts";

/** A row as it comes; the bare limit makes nothing of it. */
type Row = Readonly<Record<string, SqlValue>>;

/** The SQL and the hashes of each request. */
export interface BareWork {
  whoami(digest: Buffer): Promise<void>;
  create(digest: Buffer, url: string): Promise<void>;
  get(digest: Buffer, flow: string): Promise<void>;
  update(digest: Buffer, flow: string, traits: object): Promise<void>;
  rejected(digest: Buffer, flow: string, traits: object): Promise<void>;
  login(flow: string, identifier: string, password: string, agent: string): Promise<void>;
  password(
    digest: Buffer,
    flow: string,
    password: string,
    from: { readonly id: string; readonly address: string },
  ): Promise<void>;
}

const aDay = 86_400_000;

/**
 * The statements that a request of the table takes, one after the other, with
 * nothing in between: the same tables, keys and columns as the server's own
 * statements, and nothing coalesced.
 */
export const createBareWork = ({ db, hasher }: { readonly db: Database; readonly hasher: Hasher }): BareWork => {
  const signedIn = async (digest: Buffer): Promise<Row> =>
    one(
      await db.query<Row>(
        `SELECT ${sessionColumns}, ${identityColumns} FROM sessions s JOIN identities i ON i.id = s.identity_id
          WHERE s.token_digest = ?`,
        [digest],
      ),
    );

  const withFlow = async (digest: Buffer, flow: string): Promise<Row> =>
    one(
      await db.query<Row>(
        `SELECT ${sessionColumns}, ${identityColumns}, ${flowColumns}, ${continuationColumns}
           FROM sessions s JOIN identities i ON i.id = s.identity_id
           LEFT JOIN flows f ON f.home_id = s.identity_id AND f.id = ? AND f.kind = 'settings'
           LEFT JOIN continuations c ON c.home_id = f.home_id AND c.flow_id = f.id AND c.kind = 'reauthentication'
          WHERE s.token_digest = ?`,
        [uuidBytes(flow), digest],
      ),
    );

  const saveForm = `UPDATE flows FORCE INDEX (PRIMARY)
      SET subject_id = ?, state = ?, active = ?, form = ?, context = ?, updated_at = ?
     WHERE home_id = ? AND id = ? AND expires_at > ? AND state <> 'passed_challenge'`;
  const savedForms = (row: Row, flow: string, form: object): SqlValue[] => [
    null,
    "success",
    null,
    JSON.stringify(form),
    "{}",
    new Date(),
    row.i_id ?? null,
    uuidBytes(flow),
    new Date(),
  ];
  const saveFlow = `${saveForm} AND ${liveSession}`;
  const savedFlow = (row: Row, flow: string, form: object): SqlValue[] => [
    ...savedForms(row, flow, form),
    row.i_id ?? null,
    row.s_id ?? null,
    new Date(),
  ];
  const saveIdentity = `UPDATE identities SET traits = ?, addresses = ?, credentials = ?, metadata_public = ?,
    metadata_admin = ?,
     external_id = ?, schema_id = ?, state = ?, state_changed_at = ?, version = ?, updated_at = ?
     WHERE id = ? AND version = ? AND state = ?`;
  const savedIdentity = (row: Row, traits: SqlValue | undefined): SqlValue[] => [
    traits ?? null,
    row.i_addresses ?? null,
    row.i_credentials ?? null,
    row.i_metadata_public ?? null,
    row.i_metadata_admin ?? null,
    row.i_external_id ?? null,
    row.i_schema_id ?? null,
    row.i_state ?? null,
    row.i_state_changed_at ?? null,
    Number(row.i_version) + 1,
    new Date(),
    row.i_id ?? null,
    row.i_version ?? null,
    row.i_state ?? null,
  ];
  // As long as what the server keeps of a form.
  const savedForm = {
    messages: [{ node: "", text: { id: 1050001, text: "Your changes have been saved!", type: "success" } }],
  };

  /** A try is counted before it is made, and taken back when it has succeeded. */
  const countTry = async (names: readonly string[]) => {
    const now = new Date();
    const ends = new Date(now.getTime() + 900_000);
    const buckets = names.map((name) => createHash("sha256").update(name).digest()).sort(Buffer.compare);
    await db.execute(
      `INSERT INTO attempts (bucket, failures, expires_at) VALUES (?, 1, ?), (?, 1, ?)
         ON DUPLICATE KEY UPDATE failures = IF(expires_at > ?, failures + 1, 1),
           expires_at = IF(expires_at > ?, expires_at, VALUES(expires_at))`,
      [...buckets.flatMap((bucket) => [bucket, ends]), now, now],
    );
    const counted = await db.query<{ readonly bucket: Buffer; readonly expires_at: Date }>(
      "SELECT bucket, failures, expires_at FROM attempts WHERE bucket IN (?, ?) AND expires_at > ?",
      [...buckets, now],
    );
    return () =>
      db.execute(
        `UPDATE attempts SET expires_at = IF(failures = 1, ?, expires_at), failures = failures - 1
          WHERE bucket IN (?, ?) AND failures > 0
            AND ((bucket = ? AND expires_at + INTERVAL 0 SECOND = ?)
              OR (bucket = ? AND expires_at + INTERVAL 0 SECOND = ?))`,
        [new Date(), ...buckets, ...counted.flatMap(({ bucket, expires_at }) => [bucket, expires_at])],
      );
  };

  return {
    whoami: async (digest) => {
      await signedIn(digest);
    },

    create: async (digest, url) => {
      const row = await signedIn(digest);
      const now = new Date();
      await db.execute(
        `INSERT INTO flows (home_id, id, kind, type, identity_id, subject_id, state, active, request_url, csrf_digest,
          form, context, issued_at, updated_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          row.i_id ?? null,
          uuidBytes(uuid4()),
          "settings",
          "api",
          row.i_id ?? null,
          null,
          "show_form",
          null,
          url,
          null,
          "{}",
          "{}",
          now,
          now,
          new Date(now.getTime() + aDay),
        ],
      );
    },

    get: async (digest, flow) => {
      await withFlow(digest, flow);
    },

    update: async (digest, flow, traits) => {
      const row = await withFlow(digest, flow);
      await db.transaction(async (tx) => {
        await tx.execute(saveIdentity, savedIdentity(row, JSON.stringify(traits)));
        await tx.execute(saveFlow, savedFlow(row, flow, savedForm));
      });
    },

    rejected: async (digest, flow, traits) => {
      const row = await withFlow(digest, flow);
      await db.execute(saveForm, savedForms(row, flow, { ...savedForm, shown: traits }));
    },

    login: async (flow, identifier, password, agent) => {
      await db.query<Row>(`SELECT ${flowColumns} FROM flows f WHERE f.home_id = ? AND f.id = ? AND f.kind = ?`, [
        uuidBytes(flow),
        uuidBytes(flow),
        "login",
      ]);
      const row = one(
        await db.query<Row>(
          `SELECT ${identityColumns}, c.config AS c_config FROM identity_identifiers n JOIN identities i
            ON i.id = n.identity_id
             LEFT JOIN identity_credentials c ON c.identity_id = i.id AND c.type = n.type
            WHERE n.digest IN (?) LIMIT 1`,
          [lookupDigest(identifierKey("password", identifier))],
        ),
      );
      const uncount = await countTry([identifier, "the network"]);
      await hasher.verify(password, hashIn(row.c_config));
      await uncount();
      const now = new Date();
      await db.transaction(async (tx) => {
        const id = row.i_id ?? null;
        await tx.execute("UPDATE identities SET turn = turn + 1 WHERE id = ? AND state = 'active'", [id]);
        await tx.query<Row>("SELECT 1 FROM flows WHERE home_id = ? AND id = ? AND expires_at > ? FOR UPDATE", [
          uuidBytes(flow),
          uuidBytes(flow),
          now,
        ]);
        await tx.query<Row>("SELECT version FROM identity_credentials WHERE identity_id = ? AND type = ?", [
          id,
          "password",
        ]);
        await tx.execute(
          `INSERT INTO sessions (id, identity_id, token_digest, salt, active, methods, device, issued_at,
            authenticated_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          [
            uuidBytes(uuid7(now)),
            id,
            randomBytes(32),
            randomBytes(16),
            1,
            JSON.stringify([{ method: "password", aal: "aal1", completed_at: now }]),
            JSON.stringify({ id: uuid7(now), ip_address: "127.0.0.1", user_agent: agent, location: "" }),
            now,
            now,
            new Date(now.getTime() + aDay),
          ],
        );
      });
    },

    password: async (digest, flow, password, from) => {
      const row = await withFlow(digest, flow);
      const id = row.i_id ?? null;
      const [secret] = await db.query<Row>(
        "SELECT config, version FROM identity_credentials WHERE identity_id = ? AND type = ?",
        [id, "password"],
      );
      await hasher.verify(password, hashIn(secret?.config));
      const config = JSON.stringify({ hashed_password: await hasher.hash(password) });
      const now = new Date();
      await db.transaction(async (tx) => {
        await tx.execute(saveIdentity, savedIdentity(row, row.i_traits));
        await tx.execute(
          `UPDATE identity_credentials SET config = ?, version = version + 1, updated_at = ?
            WHERE identity_id = ? AND type = ? AND version = ?`,
          [config, now, id, "password", secret?.version ?? null],
        );
        await tx.execute(saveFlow, savedFlow(row, flow, savedForm));
        await tx.execute(
          `INSERT INTO security_events (id, identity_id, session_id, type, outcome, remote_address, request_id, detail,
            created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          [uuidBytes(uuid7(now)), id, row.s_id ?? null, "password.changed", "done", from.address, from.id, "{}", now],
        );
      });
    },
  };
};

const one = (rows: readonly Row[]): Row => {
  const [row] = rows;
  if (row === undefined) throw new Error("the row that this request is about is not there");
  return row;
};

const hashIn = (config: SqlValue | undefined): string | undefined =>
  typeof config === "string"
    ? (JSON.parse(config) as { readonly hashed_password?: string }).hashed_password
    : undefined;
