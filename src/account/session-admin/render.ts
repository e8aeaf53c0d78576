import type { AdminSession } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { renderSession } from "../../session/render.ts";
import type { SignedIn } from "../../session/session.ts";
import { createAdminRenderer } from "../identities/render.ts";
import type { SessionAdminDeps } from "./deps.ts";

/** Which parts of a session are shown. */
export interface SessionView {
  readonly devices: boolean;
  /** How its identity is shown; undefined: not at all. */
  readonly identity: "whole" | "without_addresses" | "as_its_owner" | undefined;
}

/** Creates the rendering of sessions for operators. */
export const createSessionRenderer = ({
  storage: { clock },
  kinds,
  schemas,
}: Pick<SessionAdminDeps, "storage" | "kinds" | "schemas">) => {
  const render = createAdminRenderer(kinds);
  const shown = (record: IdentityRecord, how: NonNullable<SessionView["identity"]>) => {
    const url = schemas.urlOf(record.schemaId);
    if (how === "as_its_owner") return render({ ...record, metadataAdmin: null }, url, { isWritten: true });
    return render(how === "whole" ? record : { ...record, verifiable: [], recovery: [] }, url, {});
  };

  return (signedIn: SignedIn, view: SessionView): AdminSession => {
    const { $typeName: _, identity: __, devices, ...session } = renderSession(signedIn, undefined, clock.now());
    return {
      ...session,
      $typeName: "ostiary.session.v1.AdminSession",
      devices: view.devices ? devices : [],
      ...(view.identity !== undefined && { identity: shown(signedIn.identity, view.identity) }),
    };
  };
};
