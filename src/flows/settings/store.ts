import { type ContinuationRecord, type ContinuationRow, continuationColumns, continuationFromRow } from "../../continuation/continuation.ts";
import type { Sql } from "../../db/sql.ts";
import { type IdentityRow, identityColumns, identityFromRow } from "../../identity/store.ts";
import { parseUuid } from "../../lib/ids.ts";
import type { SignedIn } from "../../session/session.ts";
import { type SessionRow, sessionColumns, sessionFromRow } from "../../session/store.ts";
import type { FlowRecord } from "../flow.ts";
import { type FlowRow, flowColumns, flowFromRow } from "../store.ts";

/** Everything one request of the settings flow is decided on, in one read. */
export interface SettingsRead extends SignedIn {
  readonly flow: FlowRecord | undefined;
  /** The change that waits until the person has proven again who they are. */
  readonly parked: ContinuationRecord | undefined;
}

/** Reads the settings flow together with who asks. */
export interface SettingsStore {
  /** Undefined when there is no session with this token digest. A malformed id finds no flow. */
  read(sql: Sql, tokenDigest: Buffer, flowId: string): Promise<SettingsRead | undefined>;
}

/** Stands where no flow can be: the nil UUID is never given out. */
const NO_FLOW = Buffer.alloc(16);

/** Creates the store. It keeps no state of its own. */
export const createSettingsStore = (): SettingsStore => ({
  async read(sql, tokenDigest, flowId) {
    const [row] = await sql.query<SessionRow & IdentityRow & Nullable<FlowRow> & Nullable<ContinuationRow>>(
      `SELECT ${sessionColumns}, ${identityColumns}, ${flowColumns}, ${continuationColumns}
         FROM sessions s
         JOIN identities i ON i.id = s.identity_id
         LEFT JOIN flows f ON f.id = ? AND f.kind = 'settings'
         LEFT JOIN continuations c ON c.flow_id = f.id AND c.kind = 'reauthentication'
        WHERE s.token_digest = ?`,
      [parseUuid(flowId) ?? NO_FLOW, tokenDigest],
    );
    return (
      row && {
        session: sessionFromRow(row),
        identity: identityFromRow(row),
        flow: row.f_id === null ? undefined : flowFromRow(row as FlowRow),
        parked: row.c_id === null ? undefined : continuationFromRow(row as ContinuationRow),
      }
    );
  },
});

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };
