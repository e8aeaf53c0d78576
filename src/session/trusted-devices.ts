import type { Sql } from "../db/sql.ts";
import type { Call, CookieInstruction } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { parseUuid, uuid7, uuidBytes, uuidText } from "../lib/ids.ts";
import type { TextAead } from "../lib/keyring.ts";
import { hostCookieName } from "./host-cookie.ts";
import { putCookie } from "./put-cookie.ts";
import { readCookies } from "./read-cookie.ts";

/** A browser on which a person need not give their second factor for some time. */
export interface TrustedDevice {
  readonly id: string;
  readonly ipAddress: string;
  readonly userAgent: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/**
 * Trusted devices: opt-in, by a sealed cookie with a random id that must stand in
 * the database for the same person. They stand in for the second factor when a person
 * signs in, and for nothing else (docs/second-factors.md).
 */
export interface TrustedDevices {
  readonly enabled: boolean;
  /** Whether the browser of a call is one of the person's. */
  isTrusted(sql: Sql, call: Call, identityId: string): Promise<boolean>;
  /** Trusts the browser of a call; it has no effect before `remember`. */
  trust(tx: Sql, call: Call, identityId: string): Promise<TrustedDevice>;
  /** Gives the browser its cookie. */
  remember(call: Call, identityId: string, device: TrustedDevice): void;
  /** Those of a person that have not expired, newest first. */
  list(sql: Sql, identityId: string, limit: number, after: string | undefined): Promise<readonly TrustedDevice[]>;
  /** Ends one of the person's. False: there is none. */
  end(sql: Sql, identityId: string, id: string): Promise<boolean>;
  /** Ends all of the person's; returns how many there were. */
  endAll(tx: Sql, identityId: string): Promise<number>;
}

const NAME = "ostiary_trusted_device";
/** People whose devices a browser can be at once. */
const MOST_PEOPLE = 5;
/** Longest texts that are stored, in characters. */
const most = { address: 64, agent: 512 };

interface Row {
  readonly id: Buffer;
  readonly ip_address: string;
  readonly user_agent: string;
  readonly created_at: Date;
  readonly expires_at: Date;
}

/** What `createTrustedDevices` needs. */
export interface TrustedDevicesDeps {
  /** `lifespan` is in milliseconds. */
  readonly config: { readonly enabled: boolean; readonly lifespan: number };
  readonly cookie: Pick<CookieInstruction, "path" | "domain" | "sameSite" | "secure"> & {
    readonly domain: string | undefined;
  };
  readonly seal: TextAead;
  readonly clock: Clock;
}

/** Creates the `TrustedDevices`. */
export const createTrustedDevices = ({ config, cookie, seal, clock }: TrustedDevicesDeps): TrustedDevices => {
  const name = hostCookieName(NAME, cookie);
  /** Person and device, of each person of the browser. */
  const read = (call: Call): readonly (readonly [identityId: string, id: string])[] =>
    readCookies(call, name)
      .flatMap((value) => seal.open(value)?.split("\n") ?? [])
      .map((line) => {
        const [identityId = "", id = ""] = line.split(" ");
        return [identityId, id] as const;
      });

  return {
    enabled: config.enabled,

    async isTrusted(sql, call, identityId) {
      const entry = config.enabled ? read(call).find(([owner]) => owner === identityId) : undefined;
      const id = entry && parseUuid(entry[1]);
      if (id === undefined) return false;
      const [row] = await sql.query(
        "SELECT 1 FROM trusted_devices WHERE identity_id = ? AND id = ? AND expires_at > ?",
        [uuidBytes(identityId), id, clock.now()],
      );
      return row !== undefined;
    },

    async trust(tx, call, identityId) {
      const now = clock.now();
      const device: TrustedDevice = {
        id: uuid7(now),
        ipAddress: call.remoteAddress.slice(0, most.address),
        userAgent: (call.headers["user-agent"] ?? "").slice(0, most.agent),
        createdAt: now,
        expiresAt: new Date(now.getTime() + config.lifespan),
      };
      await tx.execute(
        `INSERT INTO trusted_devices (identity_id, id, ip_address, user_agent, created_at, expires_at)
          VALUES (?, ?, ?, ?, ?, ?)`,
        [
          uuidBytes(identityId),
          uuidBytes(device.id),
          device.ipAddress,
          device.userAgent,
          device.createdAt,
          device.expiresAt,
        ],
      );
      return device;
    },

    remember: (call, identityId, { id, expiresAt }) => {
      const others = read(call).filter(([owner]) => owner !== identityId);
      const lines = [[identityId, id] as const, ...others].slice(0, MOST_PEOPLE).map((entry) => entry.join(" "));
      putCookie(call, {
        name,
        value: seal.seal(lines.join("\n")),
        ...cookie,
        httpOnly: true,
        maxAge: Math.max(1, Math.round((expiresAt.getTime() - clock.now().getTime()) / 1000)),
        expires: expiresAt,
      });
    },

    async list(sql, identityId, limit, after) {
      const rows = await sql.query<Row>(
        `SELECT id, ip_address, user_agent, created_at, expires_at FROM trusted_devices
          WHERE identity_id = ? AND expires_at > ? ${after === undefined ? "" : "AND id < ?"}
          ORDER BY id DESC LIMIT ${Number(limit)}`,
        [uuidBytes(identityId), clock.now(), ...(after === undefined ? [] : [uuidBytes(after)])],
      );
      return rows.map((row) => ({
        id: uuidText(row.id),
        ipAddress: row.ip_address,
        userAgent: row.user_agent,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }));
    },

    async end(sql, identityId, id) {
      const { affectedRows } = await sql.execute("DELETE FROM trusted_devices WHERE identity_id = ? AND id = ?", [
        uuidBytes(identityId),
        uuidBytes(id),
      ]);
      return affectedRows > 0;
    },

    async endAll(tx, identityId) {
      if (!config.enabled) return 0;
      const { affectedRows } = await tx.execute("DELETE FROM trusted_devices WHERE identity_id = ?", [
        uuidBytes(identityId),
      ]);
      return affectedRows;
    },
  };
};
