import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AccountExport,
  type AccountExportPart,
  AccountExportPartSchema,
  AccountExportSchema,
} from "../../../gen/ostiary/account/v1/account_export_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { type Push, pushed } from "../../lib/pushed.ts";
import type { ExportDeps } from "./deps.ts";
import { createExportParts } from "./parts.ts";
import { createExportPlaces } from "./places.ts";

/** Who has it exported. */
export interface Exporter {
  readonly call: Call;
  readonly sessionId?: string | undefined;
  readonly detail?: { readonly operator?: string };
}

/** Exports what is stored about somebody. */
export interface Exports {
  /**
   * All in one; undefined: there is no such person.
   *
   * @throws RATE_LIMITED, OVERLOADED while it is read already, or too many are; EXPORT_TOO_LARGE
   */
  readonly whole: (id: string, exporter: Exporter) => Promise<AccountExport | undefined>;
  /**
   * Part by part, each read once the one before was sent, all of one state. Nothing comes: there is no such person.
   *
   * @throws RATE_LIMITED, OVERLOADED while it is read already, or too many are; UNAVAILABLE when it takes too long
   */
  readonly parts: (id: string, exporter: Exporter) => AsyncIterable<AccountExportPart>;
}

/** Bytes of one that is a single answer, as protobuf encodes it. */
const MOST_BYTES = 8_388_608;
/** Milliseconds that one may take, also if whoever asked for it does not read. */
const LONGEST = 600_000;

/** Creates the `Exports`. */
export const createExports = (deps: ExportDeps): Exports => {
  const { audit, storage } = deps;
  const { db, identities } = storage;
  const partsOf = createExportParts(deps);
  const places = createExportPlaces();

  const record = (tx: Sql, identityId: string, { call, sessionId, detail = {} }: Exporter): Promise<void> =>
    audit.record(tx, { identityId, sessionId, type: "account.exported", outcome: "done", detail }, call);

  /** With the person's row locked, as each change. False: there is no such person. */
  const recordLocked = (id: string, exporter: Exporter): Promise<boolean> =>
    db.transaction(async (tx) => {
      await identities.lock(tx, id);
      if ((await identities.find(tx, id)) === undefined) return false;
      await record(tx, id, exporter);
      return true;
    });

  /** All of one snapshot: whatever changes meanwhile does not wait. */
  const gather = (id: string, { call: { signal } }: Exporter): Promise<AccountExport | undefined> =>
    db.transaction(
      async (tx) => {
        const identity = await identities.find(tx, id);
        if (identity === undefined) return undefined;
        const all = create(AccountExportSchema);
        let bytes = 0;
        for await (const part of partsOf(tx, identity)) {
          signal.throwIfAborted();
          bytes += toBinary(AccountExportPartSchema, part).length;
          if (bytes > MOST_BYTES) throw serviceError("EXPORT_TOO_LARGE");
          add(all, part);
        }
        return all;
      },
      { snapshot: true },
    );

  const whole: Exports["whole"] = async (id, exporter) => {
    const leave = places.enter(id, exporter.call.remoteAddress);
    try {
      const all = await gather(id, exporter);
      return all && (await recordLocked(id, exporter)) ? all : undefined;
    } finally {
      leave();
    }
  };

  const send = async (tx: Sql, id: string, push: Push<AccountExportPart>): Promise<void> => {
    const identity = await identities.find(tx, id);
    if (identity === undefined) return;
    for await (const part of partsOf(tx, identity)) await push(part);
  };

  async function* parts(id: string, exporter: Exporter): AsyncGenerator<AccountExportPart> {
    const end = places.enter(id, exporter.call.remoteAddress);
    const late = AbortSignal.timeout(LONGEST);
    try {
      await recordLocked(id, exporter);
      yield* pushed<AccountExportPart>(
        // Whoever stops reading without a word holds no place either, once the transaction has ended.
        (push) => db.transaction((tx) => send(tx, id, push), { snapshot: true, attempts: 1 }).finally(end),
        AbortSignal.any([exporter.call.signal, late]),
      );
    } catch (error) {
      if (!late.aborted || exporter.call.signal.aborted) throw error;
      throw serviceError("UNAVAILABLE", { explain: "The export was read too slowly: request it again." });
    } finally {
      end();
    }
  }

  return { whole, parts };
};

/** Adds a part to what the parts before it make. */
const add = (all: AccountExport, part: AccountExportPart): void => {
  const { identity, deletion, exportedAt } = part;
  all.exportedAt ??= exportedAt;
  all.identity ??= identity;
  all.deletion ??= deletion;
  all.factors.push(...part.factors);
  all.links.push(...part.links);
  all.credentials.push(...part.credentials);
  all.sessions.push(...part.sessions);
  all.trustedDevices.push(...part.trustedDevices);
  all.events.push(...part.events);
  all.messages.push(...part.messages);
  all.flows.push(...part.flows);
  all.waitingChanges.push(...part.waitingChanges);
  all.pendingAddresses.push(...part.pendingAddresses);
  all.addressChanges.push(...part.addressChanges);
};

/** Has REST offer the export as a file. */
export const offerAsFile = ({ reply }: Call, name = "account.json"): void => {
  reply.headers.set("content-disposition", `attachment; filename="${name}"`);
};
