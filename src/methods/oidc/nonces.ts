import { randomBytes } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/digest.ts";
import type { TextAead } from "../../lib/keyring.ts";
import type { Consume } from "../contract/result.ts";

/** A nonce of ours that someone brings. */
export interface OpenedNonce {
  /** In seconds. */
  readonly issuedAt: number;
  /** Uses it up, in the transaction of what it is used for. */
  readonly consume: Consume;
}

/** The nonces of ID tokens that apps get by themselves. */
export interface Nonces {
  /** Makes one. Nothing is written until it is used, so asking for many costs nothing. */
  create(): { readonly nonce: string; readonly expiresAt: Date };
  /** Undefined for an unknown or expired nonce. `consume` finds out whether it was used. */
  read(nonce: string): OpenedNonce | undefined;
}

/** Milliseconds. */
const LIFESPAN = 10 * 60_000;

/** Creates the nonces. `seal` is theirs alone. */
export const createNonces = ({ seal, clock }: { readonly seal: TextAead; readonly clock: Clock }): Nonces => ({
  create: () => {
    const now = clock.now().getTime();
    return { nonce: seal.seal(`${now} ${randomBytes(16).toString("base64url")}`), expiresAt: new Date(now + LIFESPAN) };
  },
  read: (nonce) => {
    const at = Number(seal.open(nonce)?.split(" ", 1)[0]);
    const expires = at + LIFESPAN;
    if (!(expires > clock.now().getTime())) return undefined;
    return {
      issuedAt: Math.floor(at / 1000),
      consume: async (tx) => {
        // A nonce that stands there already is left alone, and that shows.
        const { affectedRows } = await tx.execute("INSERT IGNORE INTO oidc_nonces (digest, expires_at) VALUES (?, ?)", [
          sha256(nonce),
          new Date(expires),
        ]);
        return affectedRows === 1;
      },
    };
  },
});
