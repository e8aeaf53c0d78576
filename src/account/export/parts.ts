import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { type AccountExportPart, AccountExportPartSchema } from "../../../gen/ostiary/account/v1/account_export_pb.ts";
import { readJson } from "../../db/read-json.ts";
import type { Sql } from "../../db/sql.ts";
import { createIdentityDirectory } from "../../identity/directory.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { renderIdentity } from "../../identity/render.ts";
import { timestamp } from "../../lib/timestamp.ts";
import { renderSession } from "../../session/render.ts";
import { renderPendingAddress } from "../addresses/render.ts";
import { renderDeletion } from "../deletion/render.ts";
import { listFactors, listLinks } from "../owner/render-owned.ts";
import type { ExportDeps } from "./deps.ts";
import { createIsShown } from "./is-shown.ts";
import {
  inPages,
  type MessageRow,
  readEvents,
  readFlows,
  readMessages,
  readSessions,
  readWaiting,
  sessionIdOf,
} from "./rows.ts";

/** What is stored about somebody, part by part; see AccountExportPart. */
export type ExportParts = (tx: Sql, identity: IdentityRecord) => AsyncGenerator<AccountExportPart>;

type Part = MessageInitShape<typeof AccountExportPartSchema>;

/** Creates it. All is read where it is asked for: what that sees as one state is exported as one. */
export const createExportParts = (deps: ExportDeps): ExportParts => {
  const { addressUndos, hidesAccounts, owned, pendingAddresses, schemas, storage, trustedDevices } = deps;
  const { clock, store } = storage;
  const directory = createIdentityDirectory();

  const credentialsOf = async (tx: Sql, identity: IdentityRecord): Promise<NonNullable<Part["credentials"]>> => {
    const stored = (await directory.credentialsOf(tx, [identity.id])).get(identity.id) ?? [];
    return Object.entries(identity.credentials).map(([type, { identifiers, set }]) => {
      const row = stored.find((each) => each.type === type);
      return {
        type,
        identifiers: [...identifiers],
        set,
        ...(row && { createdAt: timestamp(row.createdAt), updatedAt: timestamp(row.updatedAt) }),
      };
    });
  };

  /** What there is one of, and the lists that are always short. */
  const head = async (tx: Sql, identity: IdentityRecord): Promise<Part> => {
    const { id } = identity;
    const deletion = await store.find(tx, id);
    return {
      identity: renderIdentity(identity, schemas.urlOf(identity.schemaId)),
      factors: listFactors(identity, owned),
      links: listLinks(identity, owned),
      credentials: await credentialsOf(tx, identity),
      ...(deletion && { deletion: renderDeletion(deletion) }),
      waitingChanges: (await readWaiting(tx, id)).map(({ method, expires_at: expiresAt }) => ({
        method,
        expiresAt: timestamp(expiresAt),
      })),
      pendingAddresses: (await pendingAddresses.list(tx, id)).map(renderPendingAddress),
      addressChanges: (await addressUndos.list(tx, id)).map(({ address, createdAt, expiresAt, usedAt }) => ({
        via: address.via,
        value: address.value,
        changedAt: timestamp(createdAt),
        expiresAt: timestamp(expiresAt),
        ...(usedAt && { undoneAt: timestamp(usedAt) }),
      })),
    };
  };

  /** The lists that grow, page by page. */
  async function* lists(tx: Sql, identity: IdentityRecord, now: Date): AsyncGenerator<Part> {
    const { id } = identity;
    for await (const page of readSessions(tx, id))
      yield { sessions: page.map((session) => renderSession({ session, identity }, undefined, now)) };
    const devices = inPages<Awaited<ReturnType<typeof trustedDevices.list>>[number]>((after, limit) =>
      trustedDevices.list(tx, id, limit, after?.id),
    );
    for await (const page of devices)
      yield {
        trustedDevices: page.map((device) => ({
          id: device.id,
          ipAddress: device.ipAddress,
          userAgent: device.userAgent,
          createdAt: timestamp(device.createdAt),
          expiresAt: timestamp(device.expiresAt),
        })),
      };
    for await (const page of readEvents(tx, id))
      yield {
        events: page.map((row) => {
          const { operator, ...detail } = readJson<JsonObject>(row.detail);
          const byOperator = operator !== undefined;
          return {
            type: row.type,
            outcome: row.outcome,
            createdAt: timestamp(row.created_at),
            byOperator,
            ipAddress: byOperator ? "" : row.remote_address,
            sessionId: sessionIdOf(row),
            detail,
          };
        }),
      };
    const isShown = hidesAccounts ? createIsShown(identity) : () => true;
    for await (const page of readMessages(tx, id)) {
      const shown = page.filter(isShown);
      if (shown.length > 0) yield { messages: shown.map(renderMessage) };
    }
    for await (const page of readFlows(tx, id))
      yield {
        flows: page.map(({ kind, state, requestUrl, values, issuedAt, expiresAt }) => ({
          kind,
          state,
          requestUrl,
          values,
          issuedAt: timestamp(issuedAt),
          expiresAt: timestamp(expiresAt),
        })),
      };
  }

  return async function* parts(tx, identity) {
    const now = clock.now();
    const part = (given: Part): AccountExportPart =>
      create(AccountExportPartSchema, { ...given, exportedAt: timestamp(now) });
    yield part(await head(tx, identity));
    for await (const given of lists(tx, identity, now)) yield part(given);
    yield part({ complete: true });
  };
};

const renderMessage = ({ template, channel, recipient, status, created_at: createdAt }: MessageRow) => ({
  template,
  channel,
  recipient,
  status,
  createdAt: timestamp(createdAt),
});
