import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Sql } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { FlowRecord } from "./flow.ts";

/** The settings flow that a person is led into who has just come in, to set what they sign in with. */
export interface EnterSettings {
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
