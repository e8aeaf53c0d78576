import { OidcService, type RelayCallbackRequest } from "../../../gen/ostiary/oidc/v1/oidc_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { timestamp } from "../../lib/timestamp.ts";
import { withQuery } from "../shared/urls.ts";
import { createComplete } from "./complete-sign-in.ts";
import type { CallbackDeps } from "./deps.ts";

/*
 * The callbacks of other sites: which flow one belongs to, and whether the
 * browser that brings it is the one that was sent away. What becomes of it is
 * the flow's business, what it is worth the method's; neither is imported here.
 */

/** Creates the OidcService. */
export const createCallbackService = (deps: CallbackDeps) => {
  const {
    createNonce,
    destinations: { urls },
    publicUrl,
  } = deps;
  return defineService(OidcService, {
    completeSignIn: { run: createComplete(deps), signIn: () => urls.page("login") },

    relayCallback: {
      // The page of another site posts here, as the provider was asked to have it do.
      anySite: true,
      run: async (request) => ({
        $typeName: "ostiary.oidc.v1.RelayCallbackResponse",
        redirectBrowserTo: withQuery(callbackUrl(publicUrl, request), said(request)),
      }),
    },

    createNonce: {
      run: async () => {
        const { nonce, expiresAt } = createNonce();
        return { $typeName: "ostiary.oidc.v1.CreateNonceResponse", nonce, expiresAt: timestamp(expiresAt) };
      },
    },
  });
};

const callbackUrl = (publicUrl: string, { provider }: RelayCallbackRequest): string =>
  `${publicUrl}/self-service/methods/oidc/callback${provider === "" ? "" : `/${encodeURIComponent(provider)}`}`;

const said = ({ state, code, error, errorDescription, iss, user }: RelayCallbackRequest) => ({
  state,
  code,
  error,
  error_description: errorDescription,
  iss,
  user,
});
