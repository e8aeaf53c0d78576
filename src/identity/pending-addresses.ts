import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql, SqlValue } from "../db/sql.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import { sha256 } from "../lib/digest.ts";
import { uuid7, uuidBytes, uuidText } from "../lib/ids.ts";
import type { TraitPatch } from "./trait-patch.ts";

/** An address that a person wants and has not proven yet: until then the account has it not (docs/addresses.md). */
export interface PendingAddress {
  readonly id: string;
  readonly identityId: string;
  /** The session that asked for it: the address waits as long as that is live. */
  readonly sessionId: string;
  /** The settings flow that it was asked for in. */
  readonly flowId: string;
  readonly via: "email" | "sms";
  /** Normalised. */
  readonly value: string;
  /** How it comes into the traits, for each place that it stands in. */
  readonly patches: readonly TraitPatch[];
  /** Whether somebody else has it already: nothing was sent, and nothing proves it. */
  readonly isTaken: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A pending address that is not written yet. */
export type NewPendingAddress = Omit<PendingAddress, "id" | "createdAt" | "expiresAt">;

/** The pending addresses. What they are is encrypted at rest. */
export interface PendingAddresses {
  /** Whether the configuration has new addresses wait. */
  readonly enabled: boolean;
  /** Takes the place of what waited for the same places of the traits. Only after locking the person. */
  add(tx: Sql, address: NewPendingAddress): Promise<PendingAddress>;
  /** Those of a person that have not expired, oldest first, whether their sessions are live or not. */
  list(sql: Sql, identityId: string): Promise<readonly PendingAddress[]>;
  /** Those of `list` whose sessions are live: no other can take effect. */
  listLive(sql: Sql, identityId: string): Promise<readonly PendingAddress[]>;
  find(sql: Sql, identityId: string, id: string): Promise<PendingAddress | undefined>;
  /** As `find`, of those of `listLive`. */
  findLive(sql: Sql, identityId: string, id: string): Promise<PendingAddress | undefined>;
  /** Ends one of the person's. False: there is none. */
  consume(tx: Sql, identityId: string, id: string): Promise<boolean>;
  /** Ends all of the person's: what they sign in with has changed, or somebody came back by recovery. */
  endAll(tx: Sql, identityId: string): Promise<void>;
}

/** What `createPendingAddresses` needs. */
export interface PendingAddressesDeps {
  readonly aead: Aead;
  readonly clock: Clock;
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly lifespan: number;
  /** Selects the ids of the live sessions of a person. Its values: the id of the person and the time. */
  readonly liveSessionIds: string;
}

interface Row {
  readonly id: Buffer;
  readonly session_id: Buffer;
  readonly flow_id: Buffer;
  readonly ciphertext: Buffer;
  readonly created_at: Date;
  readonly expires_at: Date;
}

type Sealed = Pick<PendingAddress, "via" | "value" | "patches" | "isTaken">;

const columns = "id, session_id, flow_id, ciphertext, created_at, expires_at";

/** Creates the `PendingAddresses`. */
export const createPendingAddresses = ({
  aead,
  clock,
  enabled,
  lifespan,
  liveSessionIds,
}: PendingAddressesDeps): PendingAddresses => {
  const read = (identityId: string, row: Row): readonly PendingAddress[] => {
    const id = uuidText(row.id);
    const plain = aead.decrypt(row.ciphertext, boundTo(identityId, id));
    if (plain === undefined) return [];
    return [
      {
        ...(JSON.parse(plain.toString("utf8")) as Sealed),
        id,
        identityId,
        sessionId: uuidText(row.session_id),
        flowId: uuidText(row.flow_id),
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      },
    ];
  };

  const listIf = async (sql: Sql, identityId: string, condition: string, values: SqlValue[]) => {
    if (!enabled) return [];
    const rows = await sql.query<Row>(
      `SELECT ${columns} FROM pending_addresses WHERE identity_id = ? AND expires_at > ? ${condition} ORDER BY id`,
      [uuidBytes(identityId), clock.now(), ...values],
    );
    return rows.flatMap((row) => read(identityId, row));
  };
  const list: PendingAddresses["list"] = (sql, identityId) => listIf(sql, identityId, "", []);
  const listLive: PendingAddresses["listLive"] = (sql, identityId) =>
    listIf(sql, identityId, `AND session_id IN (${liveSessionIds})`, [uuidBytes(identityId), clock.now()]);
  const among = (listed: readonly PendingAddress[], id: string) => listed.find((each) => each.id === id.toLowerCase());

  return {
    enabled,
    list,
    listLive,

    async add(tx, address) {
      const { identityId, sessionId, flowId, via, value, patches, isTaken } = address;
      const now = clock.now();
      const added = { ...address, id: uuid7(now), createdAt: now, expiresAt: new Date(now.getTime() + lifespan) };
      const place = [uuidBytes(identityId), sha256(slotOf(address))];
      const sealed: Sealed = { via, value, patches, isTaken };
      await tx.execute("DELETE FROM pending_addresses WHERE identity_id = ? AND slot = ?", place);
      await tx.execute(
        `INSERT INTO pending_addresses (identity_id, slot, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          ...place,
          uuidBytes(added.id),
          uuidBytes(sessionId),
          uuidBytes(flowId),
          aead.encrypt(Buffer.from(JSON.stringify(sealed)), boundTo(identityId, added.id)),
          added.createdAt,
          added.expiresAt,
        ],
      );
      return added;
    },

    find: async (sql, identityId, id) => among(await list(sql, identityId), id),
    findLive: async (sql, identityId, id) => among(await listLive(sql, identityId), id),

    async consume(tx, identityId, id) {
      const { affectedRows } = await tx.execute("DELETE FROM pending_addresses WHERE identity_id = ? AND id = ?", [
        uuidBytes(identityId),
        uuidBytes(id),
      ]);
      return affectedRows === 1;
    },

    async endAll(tx, identityId) {
      if (!enabled) return;
      await tx.execute("DELETE FROM pending_addresses WHERE identity_id = ?", [uuidBytes(identityId)]);
    },
  };
};

/** What two addresses have in common of which one can wait: a member, an item that is replaced, an item's value. */
export const slotOf = ({ patches }: Pick<PendingAddress, "patches">): string => {
  const [first] = patches as readonly (TraitPatch & JsonObject)[];
  if (first === undefined) throw new Error("an address stands somewhere in the traits");
  return JSON.stringify(first.isItem ? [first.path, first.from === undefined, first.from ?? first.to] : first.path);
};

const boundTo = (identityId: string, id: string): string => `pending address|${identityId}|${id}`;
