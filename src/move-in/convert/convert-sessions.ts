import type { IdentityRecord } from "../../identity/identity.ts";
import { parseUuid, uuid4 } from "../../lib/ids.ts";
import { objectOrEmpty } from "../../lib/json-object.ts";
import { randomBytes } from "../../lib/random-bytes.ts";
import { sessionAal } from "../../session/aal.ts";
import type { AuthenticationMethodRecord, SessionRecord } from "../../session/session.ts";
import { tokenDigest } from "../../session/tokens.ts";
import { parseJson, type SourceSession } from "../source/source-person.ts";
import type { MovedSession } from "./conversion.ts";
import { listOf, textOf, timeOf } from "./fields.ts";

const MOST_DEVICE = 512;

/** Converts the sessions of a person: token and id stay, of the token only its digest is stored. */
export const convertSessions = (
  sessions: readonly SourceSession[],
  identity: IdentityRecord,
  leave: (reason: string) => void,
): readonly MovedSession[] =>
  sessions.flatMap((source): MovedSession[] => {
    if (parseUuid(source.id) === undefined || source.token === null || source.token === "") {
      leave("session_without_a_token");
      return [];
    }
    const session = sessionOf(source, identity.id);
    if (source.aal === "aal2" && sessionAal({ session, identity }) < 2) leave("second_level_of_a_session");
    return [{ session, digest: tokenDigest(source.token) }];
  });

const sessionOf = (source: SourceSession, identityId: string): SessionRecord => ({
  id: source.id,
  identityId,
  active: true,
  salt: randomBytes(16),
  methods: methodsOf(source),
  device: {
    id: parseUuid(source.device?.id ?? "") === undefined ? uuid4() : (source.device?.id ?? ""),
    ip_address: withoutPort(source.device?.ip ?? ""),
    user_agent: (source.device?.userAgent ?? "").slice(0, MOST_DEVICE),
    location: (source.device?.location ?? "").slice(0, MOST_DEVICE),
  },
  issuedAt: source.issuedAt,
  authenticatedAt: source.authenticatedAt,
  expiresAt: source.expiresAt,
});

/** What cannot be read of how somebody signed in counts as one factor that was given when the session began. */
const methodsOf = (source: SourceSession): readonly AuthenticationMethodRecord[] => {
  const read = listOf(parseJson(source.methods)).flatMap((entry): AuthenticationMethodRecord[] => {
    const { method, aal, completed_at: completedAt, provider } = objectOrEmpty(entry);
    if (textOf(method) === "") return [];
    return [
      {
        method: textOf(method),
        aal: aal === "aal2" ? "aal2" : "aal1",
        completed_at: (timeOf(completedAt) ?? source.authenticatedAt).toISOString(),
        ...(textOf(provider) !== "" && { provider: textOf(provider) }),
      },
    ];
  });
  return read.length > 0
    ? read
    : [{ method: "password", aal: "aal1", completed_at: source.authenticatedAt.toISOString() }];
};

/** `127.0.0.1:45976` and `[::1]:45976` without the port. */
const withoutPort = (address: string): string => {
  const [, inBrackets, plain] = /^(?:\[([^\]]+)\]|([^:]+)):\d+$/.exec(address) ?? [];
  return inBrackets ?? plain ?? address;
};
