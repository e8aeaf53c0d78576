import type { JsonObject } from "@bufbuild/protobuf";
import type { AccountExport } from "../../../gen/ostiary/account/v1/account_export_pb.ts";
import type { AuditLog } from "../../audit/audit-log.ts";
import { readJson } from "../../db/read-json.ts";
import type { Database, Sql } from "../../db/sql.ts";
import type { DeletionStore } from "../../identity/deletions.ts";
import { createIdentityDirectory } from "../../identity/directory.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { Schemas } from "../../schema/sources.ts";
import { renderSession } from "../../session/render.ts";
import type { TrustedDevices } from "../../session/trusted-devices.ts";
import { renderDeletion } from "../deletion/render.ts";
import type { OwnedCredentials } from "../owner/owned-credentials.ts";
import { listFactors, listLinks } from "../owner/render-owned.ts";
import { readEvents, readFlows, readMessages, readSessions, readWaiting, sessionIdOf } from "./rows.ts";

/** Where an export is read from. */
interface ExportStorage {
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly store: DeletionStore;
  readonly audit: AuditLog;
}

/** What exporting an account needs. */
export interface ExportDeps extends ExportStorage {
  readonly schemas: Schemas;
  readonly trustedDevices: TrustedDevices;
  readonly owned: OwnedCredentials;
}

/** Who has it exported. */
export interface Exporter {
  readonly call: Call;
  readonly sessionId?: string | undefined;
  readonly detail?: { readonly operator?: string };
}

/** Exports everything that is stored about somebody; undefined: there is no such person. */
export type ExportAccount = (id: string, exporter: Exporter) => Promise<AccountExport | undefined>;

/** Devices that a person has at most. */
const MOST_DEVICES = 10_000;

/**
 * Creates it. One transaction that begins with the person's row reads everything: nothing of the person changes before
 * it ends, so that what it finds is one state. That it was exported is recorded, and is not in it yet.
 */
export const createExportAccount = (deps: ExportDeps): ExportAccount => {
  const { audit, clock, db, identities, owned, schemas, store, trustedDevices } = deps;
  const directory = createIdentityDirectory();

  const credentialsOf = async (tx: Sql, identity: IdentityRecord): Promise<AccountExport["credentials"]> => {
    const stored = (await directory.credentialsOf(tx, [identity.id])).get(identity.id) ?? [];
    return Object.entries(identity.credentials).map(([type, { identifiers, set }]) => {
      const row = stored.find((each) => each.type === type);
      return {
        $typeName: "ostiary.account.v1.ExportedCredential",
        type,
        identifiers: [...identifiers],
        set,
        ...(row && { createdAt: timestamp(row.createdAt), updatedAt: timestamp(row.updatedAt) }),
      };
    });
  };

  const read = async (tx: Sql, identity: IdentityRecord): Promise<AccountExport> => {
    const { id } = identity;
    const now = clock.now();
    const deletion = await store.find(tx, id);
    return {
      $typeName: "ostiary.account.v1.AccountExport",
      exportedAt: timestamp(now),
      identity: renderIdentity(identity, schemas.must(identity.schemaId).url),
      factors: listFactors(identity, owned),
      links: listLinks(identity, owned),
      credentials: await credentialsOf(tx, identity),
      sessions: (await readSessions(tx, id)).map((session) => renderSession({ session, identity }, undefined, now)),
      trustedDevices: (await trustedDevices.list(tx, id, MOST_DEVICES, undefined)).map((device) => ({
        $typeName: "ostiary.session.v1.TrustedDevice",
        id: device.id,
        ipAddress: device.ipAddress,
        userAgent: device.userAgent,
        createdAt: timestamp(device.createdAt),
        expiresAt: timestamp(device.expiresAt),
      })),
      events: (await readEvents(tx, id)).map((row) => ({
        $typeName: "ostiary.account.v1.ExportedEvent",
        type: row.type,
        outcome: row.outcome,
        createdAt: timestamp(row.created_at),
        ipAddress: row.remote_address,
        sessionId: sessionIdOf(row),
        detail: readJson<JsonObject>(row.detail),
      })),
      messages: (await readMessages(tx, id)).map(({ created_at: createdAt, ...row }) => ({
        $typeName: "ostiary.account.v1.ExportedMessage",
        ...row,
        createdAt: timestamp(createdAt),
      })),
      flows: (await readFlows(tx, id)).map(({ issuedAt, expiresAt, ...flow }) => ({
        $typeName: "ostiary.account.v1.ExportedFlow",
        ...flow,
        issuedAt: timestamp(issuedAt),
        expiresAt: timestamp(expiresAt),
      })),
      waitingChanges: (await readWaiting(tx, id)).map((row) => ({
        $typeName: "ostiary.account.v1.WaitingChange",
        method: row.method,
        expiresAt: timestamp(row.expires_at),
      })),
      ...(deletion && { deletion: renderDeletion(deletion) }),
    };
  };

  return (id, { call, sessionId, detail = {} }) =>
    db.transaction(async (tx) => {
      await identities.lock(tx, id);
      const identity = await identities.find(tx, id);
      if (identity === undefined) return undefined;
      const exported = await read(tx, identity);
      const event = { type: "account.exported", outcome: "done", detail } as const;
      await audit.record(tx, { identityId: id, sessionId, ...event }, call);
      return exported;
    });
};

/** Has REST offer the export as a file. */
export const offerAsFile = ({ reply }: Call): void => {
  reply.headers.set("content-disposition", 'attachment; filename="account.json"');
};
