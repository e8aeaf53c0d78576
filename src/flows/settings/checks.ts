import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { SignedIn } from "../../session/session.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mustExist } from "../shared/request.ts";
import type { SettingsRead, SettingsStore } from "./store.ts";

/**
 * The flow of a read, which looks only among those of the person who asks.
 *
 * @throws FLOW_NOT_FOUND, or IDENTITY_MISMATCH when it is someone else's
 */
export const mustBeFound = async (
  reads: SettingsStore,
  sql: Sql,
  read: SettingsRead | undefined,
  flowId: string,
  explain?: string,
): Promise<FlowRecord> => {
  if (read !== undefined && read.flow === undefined && (await reads.exists(sql, flowId))) throw someoneElses();
  return mustExist(read?.flow, explain);
};

/** @throws IDENTITY_MISMATCH */
export const mustBeOwn = (flow: FlowRecord, { identity }: SignedIn): void => {
  if (flow.identityId !== identity.id) throw someoneElses();
};

const someoneElses = () =>
  serviceError("IDENTITY_MISMATCH", {
    explain: "The flow was created by another person. Create one with this session.",
  });
