import type {
  ListTrustedDevicesRequest,
  ListTrustedDevicesResponse,
  RevokeTrustedDeviceRequest,
  RevokeTrustedDeviceResponse,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { cutPage } from "../../lib/cut-page.ts";
import { parseUuid } from "../../lib/ids.ts";
import { timestamp } from "../../lib/timestamp.ts";
import { mustStillBeLive } from "../../session/still-live.ts";
import type { SessionDeps } from "./deps.ts";

const DEFAULT_PAGE = 250;

/** A person's trusted devices: to see them and to end them. */
export const createTrustedDevicesRpcs = ({
  storage: { clock, db, identities },
  sessions: { callers, store, trustedDevices },
  audit,
  requiredAal,
}: SessionDeps) => ({
  async listTrustedDevices(request: ListTrustedDevicesRequest, call: Call): Promise<ListTrustedDevicesResponse> {
    const caller = await callers.mustBeAt(call, requiredAal);
    const size = request.pageSize || DEFAULT_PAGE;
    const after = request.pageToken === "" ? undefined : request.pageToken;
    if (after !== undefined && parseUuid(after) === undefined)
      throw serviceError("INVALID_FIELD", { field: "page_token", explain: "This page_token is not valid." });
    const found = await trustedDevices.list(db, caller.identity.id, size + 1, after);
    const { page, nextPageToken } = cutPage(found, size, ({ id }) => id);
    return {
      $typeName: "ostiary.session.v1.ListTrustedDevicesResponse",
      trustedDevices: page.map(({ id, ipAddress, userAgent, createdAt, expiresAt }) => ({
        $typeName: "ostiary.session.v1.TrustedDevice",
        id,
        ipAddress,
        userAgent,
        createdAt: timestamp(createdAt),
        expiresAt: timestamp(expiresAt),
      })),
      nextPageToken,
    };
  },

  async revokeTrustedDevice({ id }: RevokeTrustedDeviceRequest, call: Call): Promise<RevokeTrustedDeviceResponse> {
    const caller = await callers.mustBeAt(call, requiredAal);
    // Scoped to the caller: another person's id changes nothing and shows nothing.
    await db.transaction(async (tx) => {
      await identities.lockActive(tx, caller.identity.id);
      await mustStillBeLive(store, tx, caller.session, clock.now());
      if (!(await trustedDevices.end(tx, caller.identity.id, id))) return;
      const event = { type: "device.untrusted", outcome: "done", detail: { subject: id.toLowerCase() } } as const;
      await audit.record(tx, { identityId: caller.identity.id, sessionId: caller.session.id, ...event }, call);
    });
    return { $typeName: "ostiary.session.v1.RevokeTrustedDeviceResponse" };
  },
});
