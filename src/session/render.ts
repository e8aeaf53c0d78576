import type { Identity } from "../../gen/ostiary/identity/v1/identity_pb.ts";
import type { AuthenticationMethod, Session } from "../../gen/ostiary/session/v1/session_pb.ts";
import { AuthenticatorAssuranceLevel as Level } from "../../gen/ostiary/session/v1/session_pb.ts";
import { timestamp } from "../lib/timestamp.ts";
import { type Aal, sessionAal } from "./aal.ts";
import { isLive, type SessionRecord, type SignedIn } from "./session.ts";

const levels: Readonly<Record<Aal, Level>> = { 0: Level.AAL0, 1: Level.AAL1, 2: Level.AAL2 };

/** Renders the level of a session. */
export const renderAal = (aal: Aal): Level => levels[aal];

/**
 * Renders a session: the one place where the record becomes what others may
 * see.
 *
 * @param identity the presented person; left out, it is withheld
 */
export const renderSession = (
  { session, identity: record }: SignedIn,
  identity: Identity | undefined,
  now: Date,
): Session => ({
  $typeName: "ostiary.session.v1.Session",
  id: session.id,
  active: isLive({ session, identity: record }, now),
  expiresAt: timestamp(session.expiresAt),
  authenticatedAt: timestamp(session.authenticatedAt),
  authenticatorAssuranceLevel: levels[sessionAal({ session, identity: record })],
  authenticationMethods: session.methods.map(renderMethodReference),
  issuedAt: timestamp(session.issuedAt),
  ...(identity && { identity }),
  devices: [
    {
      $typeName: "ostiary.session.v1.Device",
      id: session.device.id,
      ipAddress: session.device.ip_address,
      userAgent: session.device.user_agent,
      location: session.device.location,
    },
  ],
});

const renderMethodReference = (m: SessionRecord["methods"][number]): AuthenticationMethod => ({
  $typeName: "ostiary.session.v1.AuthenticationMethod",
  method: m.method,
  aal: m.aal === "aal2" ? Level.AAL2 : Level.AAL1,
  completedAt: timestamp(m.completed_at),
  ...(m.provider !== undefined && { provider: m.provider }),
});
