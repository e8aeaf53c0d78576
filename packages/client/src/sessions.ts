import type { Session } from "../gen/ostiary/session/v1/session_pb.ts";
import { SessionService } from "../gen/ostiary/session/v1/session_service_pb.ts";
import type { CallOptions, Client } from "./client.ts";
import type { Result } from "./failure.ts";

export type { Session } from "../gen/ostiary/session/v1/session_pb.ts";

/** The caller's sessions, and the way out. */
export interface Sessions {
  /** The caller's session with its identity. */
  readonly whoAmI: (call?: CallOptions) => Promise<Result<Session>>;
  /** One page of the person's other sessions, newest first. */
  readonly list: (
    page?: string,
    call?: CallOptions,
  ) => Promise<Result<{ readonly sessions: readonly Session[]; readonly nextPage: string }>>;
  /** Ends another session of the person. */
  readonly revoke: (id: string, call?: CallOptions) => Promise<Result<unknown>>;
  /** Ends all other sessions of the person, and says how many. */
  readonly revokeOthers: (call?: CallOptions) => Promise<Result<number>>;
  /**
   * Signs out: a native app at once, also where the session is over already; for a browser it answers the URL that
   * does, to navigate to. After a failure, such as of the network, the app is signed in as before.
   */
  readonly signOut: (call?: CallOptions) => Promise<Result<string | undefined>>;
}

const map = <T, U>(result: Result<T>, change: (value: T) => U): Result<U> =>
  result.ok ? { ok: true, value: change(result.value) } : result;

/** Creates what calls the RPCs of sessions. */
export const createSessions = (client: Client): Sessions => {
  const { method } = SessionService;
  return {
    whoAmI: async (call) => {
      const result = await client.call(method.whoAmI, {}, call);
      return map(result, ({ session }) => session as Session);
    },
    list: async (pageToken = "", call) =>
      map(await client.call(method.listSessions, { pageToken }, call), ({ sessions, nextPageToken }) => ({
        sessions,
        nextPage: nextPageToken,
      })),
    revoke: (id, call) => client.call(method.revokeSession, { id }, call),
    revokeOthers: async (call) => map(await client.call(method.revokeOtherSessions, {}, call), ({ count }) => count),
    signOut: async (call) => {
      if (client.tokens === undefined)
        return map(await client.call(method.createLogoutFlow, {}, call), ({ logoutUrl }) => logoutUrl);
      const sessionToken = await client.tokens.get();
      if (sessionToken === undefined) return { ok: true, value: undefined };
      const result = await client.call(method.performNativeLogout, { sessionToken }, call);
      // A session that is over already has no use for its token either.
      const isOver = result.ok || result.failure.reason === "session_token_unknown";
      if (!isOver) return map(result, () => undefined);
      await client.tokens.set(undefined);
      return { ok: true, value: undefined };
    },
  };
};
