import type { Sql } from "../db/sql.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { uuid7 } from "../lib/ids.ts";
import type { AuthenticationMethodRecord, SessionRecord, SignedIn } from "./session.ts";
import type { SessionStore } from "./store.ts";
import { newSessionToken, tokenDigest } from "./tokens.ts";

/** A session and the one thing that is never stored of it. */
export interface Issued extends SignedIn {
  readonly token: string;
}

/** What a method proved just now. */
export type AuthenticationMethodReference = Omit<AuthenticationMethodRecord, "completed_at">;

/** Begins sessions, and renews them when a person proves again who they are. */
export interface SessionIssuer {
  /** @param proofs what was proven, in this order; at least one */
  begin(sql: Sql, identity: IdentityRecord, amr: readonly AuthenticationMethodReference[], call: Call): Promise<Issued>;
  /**
   * Renews a session after proof: the id stays, the token is a new one and the
   * old one dies at once (ASVS 7.2.4). Undefined when it was revoked meanwhile.
   */
  renew(sql: Sql, current: SignedIn, amr: readonly AuthenticationMethodReference[]): Promise<Issued | undefined>;
  /** Adds a proof that a change is at the same time: the person was there just now. Undefined when the session was revoked meanwhile. */
  add(sql: Sql, session: SessionRecord, amr: AuthenticationMethodReference): Promise<SessionRecord | undefined>;
}

/** Longest text kept of what a client says of itself, in characters. */
const DEVICE_LIMIT = 512;

/** Creates the issuer. `lifespan` is in milliseconds. */
export const createSessionIssuer = ({
  store,
  clock,
  lifespan,
}: {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly lifespan: number;
}): SessionIssuer => ({
  async begin(sql, identity, amr, call) {
    const now = clock.now();
    const token = newSessionToken();
    const session: SessionRecord = {
      id: uuid7(now),
      identityId: identity.id,
      active: true,
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
    await store.insert(sql, session, tokenDigest(token));
    return { session, identity, token };
  },

  async renew(sql, { session: old, identity }, amr) {
    const now = clock.now();
    const token = newSessionToken();
    const session: SessionRecord = {
      ...old,
      methods: [...old.methods, ...completed(amr, now)],
      authenticatedAt: now,
      expiresAt: new Date(now.getTime() + lifespan),
    };
    return (await store.renew(sql, session, tokenDigest(token))) ? { session, identity, token } : undefined;
  },

  async add(sql, old, amr) {
    const now = clock.now();
    const session: SessionRecord = {
      ...old,
      methods: [...old.methods, ...completed([amr], now)],
      authenticatedAt: now,
    };
    return (await store.authenticate(sql, session)) ? session : undefined;
  },
});

const completed = (amr: readonly AuthenticationMethodReference[], now: Date) =>
  amr.map((amr) => ({ ...amr, completed_at: now.toISOString() }));
