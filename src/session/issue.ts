import type { Sql } from "../db/sql.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { uuid7 } from "../lib/ids.ts";
import { randomBytes } from "../lib/random-bytes.ts";
import type { AuthenticationMethodRecord, SessionRecord, SignedIn } from "./session.ts";
import type { SessionStore } from "./store.ts";
import { newSessionToken, nextSessionToken, tokenDigest } from "./tokens.ts";

/** A session and the one thing that is never stored of it. */
export interface Issued extends SignedIn {
  readonly token: string;
}

/** What a method proved just now. */
export type AuthenticationMethodReference = Omit<AuthenticationMethodRecord, "completed_at">;

/** Begins sessions, and renews them when a person authenticates again. */
export interface SessionIssuer {
  /**
   * A session that is not written yet, as `begin` with the same id writes it.
   *
   * @param amr what was verified, in this order; at least one
   */
  prepare(identity: IdentityRecord, amr: readonly AuthenticationMethodReference[], call: Call): Issued;
  /**
   * Begins a session.
   *
   * @param amr what was verified, in this order; at least one
   * @param id that of a session that was prepared
   */
  begin(
    sql: Sql,
    identity: IdentityRecord,
    amr: readonly AuthenticationMethodReference[],
    call: Call,
    id?: string,
  ): Promise<Issued>;
  /**
   * Renews a session after re-authentication: the id stays, the token is a new one and the
   * old one is void at once (ASVS 7.2.4). Of several who bring the same token at the
   * same moment each is given the same new one. Undefined when the session is
   * over, or its token was replaced otherwise. Only where the person is locked.
   *
   * @param token what the caller presented
   */
  renew(
    tx: Sql,
    current: SignedIn,
    token: string,
    amr: readonly AuthenticationMethodReference[],
  ): Promise<Issued | undefined>;
  /**
   * Renews a session without changing its token, as native apps expect of a second step: they send it themselves, so
   * that no page of another site can have set it. Undefined if the session has ended or its token was replaced. The
   * person's row must be locked.
   *
   * @param token what the caller presented
   */
  raise(
    tx: Sql,
    current: SignedIn,
    token: string,
    amr: readonly AuthenticationMethodReference[],
  ): Promise<Issued | undefined>;
  /**
   * Adds an authentication that is made with a change. Undefined if the session has ended. The person's row must be
   * locked.
   */
  add(tx: Sql, session: SessionRecord, amr: AuthenticationMethodReference): Promise<SessionRecord | undefined>;
}

/** Longest text stored of what a client says of itself, in characters. */
const DEVICE_LIMIT = 512;

/** Creates the issuer. `lifespan` is in milliseconds, `secret` makes tokens that follow others. */
export const createSessionIssuer = ({
  store,
  clock,
  lifespan,
  secret,
}: {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly lifespan: number;
  readonly secret: string;
}): SessionIssuer => {
  const prepare = (
    identity: IdentityRecord,
    amr: readonly AuthenticationMethodReference[],
    call: Call,
    id?: string,
  ): Issued => {
    const now = clock.now();
    const session: SessionRecord = {
      id: id ?? uuid7(now),
      identityId: identity.id,
      active: true,
      salt: newSalt(),
      methods: completed(amr, now),
      device: {
        id: uuid7(now),
        ip_address: call.remoteAddress,
        user_agent: (call.headers["user-agent"] ?? "").slice(0, DEVICE_LIMIT),
        location: "",
      },
      issuedAt: now,
      authenticatedAt: now,
      expiresAt: new Date(now.getTime() + lifespan),
    };
    return { session, identity, token: newSessionToken() };
  };

  return {
    prepare,

    async begin(sql, identity, amr, call, id) {
      const issued = prepare(identity, amr, call, id);
      await store.insert(sql, issued.session, tokenDigest(issued.token));
      return issued;
    },

    async renew(tx, { session: read, identity }, presented, amr) {
      const now = clock.now();
      const token = nextSessionToken(secret, presented, read.salt);
      const live = await store.findLive(tx, read, now);
      const isFirst = live?.digest.equals(tokenDigest(presented));
      if (live === undefined || !(isFirst || live.digest.equals(tokenDigest(token)))) return undefined;
      const session: SessionRecord = {
        ...live.session,
        ...(isFirst && { salt: newSalt() }),
        methods: appended(live.session.methods, completed(amr, now)),
        authenticatedAt: now,
        expiresAt: new Date(now.getTime() + lifespan),
      };
      await store.renew(tx, session, tokenDigest(token));
      return { session, identity, token };
    },

    async raise(tx, { session: read, identity }, token, amr) {
      const now = clock.now();
      const live = await store.findLive(tx, read, now);
      if (!live?.digest.equals(tokenDigest(token))) return undefined;
      const session: SessionRecord = {
        ...live.session,
        methods: appended(live.session.methods, completed(amr, now)),
        authenticatedAt: now,
        expiresAt: new Date(now.getTime() + lifespan),
      };
      await store.renew(tx, session, live.digest);
      return { session, identity, token };
    },

    async add(tx, read, amr) {
      const now = clock.now();
      const live = await store.findLive(tx, read, now);
      if (live === undefined) return undefined;
      const session: SessionRecord = {
        ...live.session,
        methods: appended(live.session.methods, completed([amr], now)),
        authenticatedAt: now,
      };
      await store.renew(tx, session, live.digest);
      return session;
    },
  };
};

const newSalt = (): Buffer => randomBytes(16);

const completed = (amr: readonly AuthenticationMethodReference[], now: Date) =>
  amr.map((amr) => ({ ...amr, completed_at: now.toISOString() }));

/** Entries of a session that are stored at most, unless more than so many differ. */
const MAX_ENTRIES = 16;

/**
 * Adds entries to those of a session. Of more than `MAX_ENTRIES` the oldest go
 * that a newer one of the same method, provider and level stands for, so that
 * no number of re-authentications lets the row grow.
 */
const appended = (
  before: readonly AuthenticationMethodRecord[],
  added: readonly AuthenticationMethodRecord[],
): readonly AuthenticationMethodRecord[] => {
  const all = [...before, ...added];
  while (all.length > MAX_ENTRIES) {
    const oldest = all.findIndex((entry, index) => all.slice(index + 1).some((newer) => isAlike(entry, newer)));
    if (oldest === -1) break;
    all.splice(oldest, 1);
  }
  return all;
};

const isAlike = (a: AuthenticationMethodRecord, b: AuthenticationMethodRecord): boolean =>
  a.method === b.method && a.provider === b.provider && a.aal === b.aal && a.via === b.via;
