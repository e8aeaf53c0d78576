import type { CredentialMerging } from "../contract/merging.ts";
import { PASSWORD, readHash } from "./credential.ts";

/** A password is transferred where there is none, and an identifier for it. */
export const passwordMerging: CredentialMerging = {
  type: PASSWORD,
  merge: ({ identity, secret }, into) => {
    const { facts = {}, set = false } = identity.credentials[PASSWORD] ?? {};
    if (!set || secret === undefined) return { parts: [] };
    const own = into.identity.credentials[PASSWORD];
    if (own?.set) return { parts: [{ name: "", lost: "has_own" }] };
    if (!own?.identifiers.length) return { parts: [{ name: "", lost: "no_identifier" }] };
    // One that another system is still to be asked for is known there by the identifiers of the other account.
    if (readHash(secret) === undefined) return { parts: [{ name: "", lost: "unreadable" }] };
    const { config } = secret;
    return {
      change: { type: PASSWORD, config, facts, replaces: into.secret?.version },
      parts: [{ name: "" }],
    };
  },
};
