import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Sql } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { FlowRecord } from "./flow.ts";

/** Creates the settings flow in which somebody who was recovered or invited sets what they sign in with. */
export interface SettingsAfterSignIn {
  /** Writes it for the person, with a text in its form. */
  create(
    tx: Sql,
    identity: IdentityRecord,
    flow: Pick<FlowRecord, "type" | "requestUrl" | "context">,
    text: UiText,
  ): Promise<FlowRecord>;
  /** Milliseconds that a session is good for protected changes. */
  readonly privilegedFor: number;
}
