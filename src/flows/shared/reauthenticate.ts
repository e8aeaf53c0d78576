import { create } from "@bufbuild/protobuf";
import { ReauthenticateSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { detail, type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Factors } from "../../methods/contract/credential.ts";
import type { SignedIn } from "../../session/session.ts";
import type { FlowUrls } from "./urls.ts";

/** What the error is made with. */
export interface ReauthenticationOptions {
  readonly caller: SignedIn;
  readonly factors: Factors;
  readonly urls: FlowUrls;
  /** Milliseconds that the proof may be old. */
  readonly maxAge: number;
  /** Where a browser comes back to. */
  readonly returnTo: string;
  /** The flow whose change waits; left out: none does. */
  readonly flowId?: string;
  readonly explain: string;
}

/** Says where the owner of an account authenticates, to do what needs a recent proof of who they are. */
export const reauthenticationRequired = (options: ReauthenticationOptions): ServiceError => {
  const { caller, factors, urls, returnTo, flowId = "", explain } = options;
  // Whoever has a second factor proves that one: the first alone would not reach the level of the account.
  const seconds = factors.second(caller);
  const query = { refresh: "true", ...(seconds.length > 0 && { aal: "aal2" }) };
  const location = urls.init("login", "browser", { ...query, return_to: returnTo });
  const native = urls.init("login", "api", query);
  const methods = seconds.length > 0 ? seconds : factors.first(caller.identity);
  const maxAge = Math.floor(options.maxAge / 1000);
  return serviceError("SESSION_REFRESH_REQUIRED", {
    explain,
    details: { reauthenticate: { native_login_url: native, methods, max_age: maxAge } },
    siblings: { redirect_browser_to: location },
    // RFC 9470: what the resource asks of the session.
    headers: {
      "www-authenticate":
        'Bearer error="insufficient_user_authentication", ' +
        'error_description="A more recent sign-in is required", ' +
        `max_age="${maxAge}"`,
    },
    typed: [
      detail(
        ReauthenticateSchema,
        create(ReauthenticateSchema, {
          maxAge,
          methods: [...methods],
          nativeLoginUrl: native,
          redirectBrowserTo: location,
          flowId,
        }),
      ),
    ],
    location,
  });
};
