import type { CredentialMerging } from "../contract/merging.ts";
import { type CodeSecrets, hasCodes, LOOKUP_SECRET, setCodes } from "./credential.ts";

/** Creates it: backup codes are transferred where there are none. Used codes stay used. */
export const createLookupSecretMerging = (secrets: CodeSecrets): CredentialMerging => ({
  type: LOOKUP_SECRET,
  merge: ({ identity, secret }, into, now) => {
    if (!hasCodes(identity)) return { parts: [] };
    if (hasCodes(into.identity)) return { parts: [{ name: "", lost: "has_own" }] };
    const codes = secrets.open(identity.id, secret);
    if (codes === undefined) return { parts: [{ name: "", lost: "unreadable" }] };
    return {
      change: setCodes(secrets.seal(into.identity.id, codes), into.secret, now.toISOString()),
      parts: [{ name: "" }],
    };
  },
});
