import { createHash } from "node:crypto";
import type { Client, Session } from "@ostiary/client";
import { createSessions } from "@ostiary/client";

/** What a check came to: the session; `none`: there is no live one; `unknown`: nobody could say. */
export type Checked = Session | "none" | "unknown";

/** What a check is made of. */
export interface SessionCheckOptions {
  /** A client that sends this session token. */
  readonly clientOf: (token: string) => Client;
  /** Milliseconds for which an answer is good: a revoked session is noticed that much later. */
  readonly maxAge: number;
  /** Sessions that are remembered. */
  readonly most?: number;
  readonly now?: () => number;
}

/** Why nobody could say. Whatever else the server refuses, with it this token gets nobody in. */
const unsettled: ReadonlySet<string> = new Set([
  "unreached",
  "unavailable",
  "overloaded",
  "rate_limited",
  "internal",
  "outcome_unknown",
  "upstream_failed",
]);

interface Entry {
  readonly until: number;
  readonly checked: Promise<Checked>;
}

/**
 * Creates the check of session tokens: one call for all requests of a session
 * within `maxAge`, those of the same moment included. What the server could not
 * answer is not remembered, and of tokens only digests are.
 */
export const createSessionCheck = ({
  clientOf,
  maxAge,
  most = 10_000,
  now = Date.now,
}: SessionCheckOptions): ((token: string) => Promise<Checked>) => {
  const entries = new Map<string, Entry>();

  const ask = async (token: string): Promise<Checked> => {
    const result = await createSessions(clientOf(token)).whoAmI({ timeoutMs: 2_000 });
    if (result.ok) return result.value;
    return unsettled.has(result.failure.reason) ? "unknown" : "none";
  };

  return async (token) => {
    const key = createHash("sha256").update(token).digest("base64");
    const known = entries.get(key);
    if (known !== undefined && known.until > now()) return known.checked;
    const checked = ask(token);
    entries.delete(key);
    entries.set(key, { until: now() + maxAge, checked });
    const [oldest] = entries.keys();
    if (entries.size > most && oldest !== undefined) entries.delete(oldest);
    const answer = await checked;
    const endsAt = typeof answer === "object" ? Number(answer.expiresAt?.seconds ?? 0n) * 1000 : 0;
    // A session that ends sooner is asked for again then.
    if (answer === "unknown") entries.delete(key);
    else if (endsAt > 0 && endsAt < now() + maxAge) entries.set(key, { until: endsAt, checked });
    return answer;
  };
};
