import type { JsonObject } from "@bufbuild/protobuf";
import type { Session, SessionSchema } from "../../../gen/ostiary/session/v1/session_pb.ts";
import type {
  ExchangeSessionTokenRequest,
  ExchangeSessionTokenResponse,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import type { AuditLog } from "../../audit/audit-log.ts";
import type { Config } from "../../config/config.ts";
import type { Logout } from "../../flows/logout/logout.ts";
import type { FlowSessions, FlowStorage } from "../../flows/shared/deps.ts";
import type { Call } from "../../lib/call.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { SessionEndings } from "../../session/endings.ts";
import type { SessionStore } from "../../session/store.ts";
import type { Tokenizer } from "../../session/tokenizer.ts";

/** What the RPCs about sessions need. */
export interface SessionDeps {
  readonly storage: Pick<FlowStorage, "db" | "clock">;
  readonly audit: AuditLog;
  readonly sessions: OwnSessions;
  readonly schemas: Schemas;
  readonly requiredAal: Config["session"]["whoami"]["required_aal"];
  readonly answering: WhoAmIAnswering;
  readonly logout: Logout;
  /** Gives a native app the session that it fetches with its codes. */
  readonly exchange: (request: ExchangeSessionTokenRequest, call: Call) => Promise<ExchangeSessionTokenResponse>;
}

/** Who calls, and the sessions and devices that are theirs. */
export interface OwnSessions extends Pick<FlowSessions, "callers" | "csrf" | "sessionCookie" | "trustedDevices"> {
  readonly store: SessionStore;
  readonly endings: SessionEndings;
}

/** What whoami can add to a session. */
export interface WhoAmIAnswering {
  readonly tokenizer: Tokenizer;
  /** Milliseconds for which it says that its answer may be cached, at most; undefined: it says nothing. */
  readonly cacheFor: number | undefined;
  /** A session as REST prints it. */
  readonly print: (desc: typeof SessionSchema, session: Session) => JsonObject;
}
