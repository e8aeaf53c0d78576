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
export type Proof = Omit<AuthenticationMethodRecord, "completed_at">;

/** Begins sessions, and renews them when a person proves again who they are. */
export interface SessionIssuer {
  /** @param proofs what was proven, in this order; at least one */
  begin(sql: Sql, identity: IdentityRecord, proofs: readonly Proof[], call: Call): Promise<Issued>;
  /**
   * Renews a session after proof: the id stays, the token is a new one and the
   * old one dies at once (ASVS 7.2.4). Undefined when it was revoked meanwhile.
   */
  renew(sql: Sql, current: SignedIn, proofs: readonly Proof[]): Promise<Issued | undefined>;
  /** Adds a proof that a change is at the same time: the person was there just now. Undefined when the session was revoked meanwhile. */
  add(sql: Sql, session: SessionRecord, proof: Proof): Promise<SessionRecord | undefined>;
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
  async begin(sql, identity, proofs, call) {
    const now = clock.now();
    const token = newSessionToken();
    const session: SessionRecord = {
      id: uuid7(now),
      identityId: identity.id,
      active: true,
      methods: completed(proofs, now),
      device: { id: uuid7(now), ip_address: call.remoteAddress, user_agent: (call.headers["user-agent"] ?? "").slice(0, DEVICE_LIMIT), location: "" },
      issuedAt: now,
      authenticatedAt: now,
      expiresAt: new Date(now.getTime() + lifespan),
    };
    await store.insert(sql, session, tokenDigest(token));
    return { session, identity, token };
  },

  async renew(sql, { session: old, identity }, proofs) {
    const now = clock.now();
    const token = newSessionToken();
    const session: SessionRecord = {
      ...old,
      methods: [...old.methods, ...completed(proofs, now)],
      authenticatedAt: now,
      expiresAt: new Date(now.getTime() + lifespan),
    };
    return (await store.renew(sql, session, tokenDigest(token))) ? { session, identity, token } : undefined;
  },

  async add(sql, old, proof) {
    const now = clock.now();
    const session: SessionRecord = { ...old, methods: [...old.methods, ...completed([proof], now)], authenticatedAt: now };
    return (await store.prove(sql, session)) ? session : undefined;
  },
});

const completed = (proofs: readonly Proof[], now: Date) => proofs.map((proof) => ({ ...proof, completed_at: now.toISOString() }));
