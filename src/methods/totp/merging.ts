import type { CredentialMerging } from "../contract/merging.ts";
import { hasTotp, setTotp, TOTP, type TotpSecrets } from "./credential.ts";

/** Creates it: an authenticator app is transferred where there is none. Its last code stays used. */
export const createTotpMerging = (secrets: TotpSecrets): CredentialMerging => ({
  type: TOTP,
  merge: ({ identity, secret }, into, now) => {
    if (!hasTotp(identity)) return { parts: [] };
    if (hasTotp(into.identity)) return { parts: [{ name: "", lost: "has_own" }] };
    const totp = secrets.open(identity.id, secret);
    if (totp === undefined) return { parts: [{ name: "", lost: "unreadable" }] };
    const change = setTotp(secrets.seal(into.identity.id, totp), now);
    return { change: { ...change, replaces: into.secret?.version }, parts: [{ name: "" }] };
  },
});
