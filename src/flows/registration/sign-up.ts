import type { JsonObject } from "@bufbuild/protobuf";
import type { UpdateFlowResponse } from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import { apply } from "../../identity/apply.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { presentIdentity } from "../../identity/present.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4, uuid7 } from "../../lib/ids.ts";
import type { Enrolled } from "../../methods/method.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { presentSession } from "../../session/present.ts";
import { keepToken, redirectTo } from "../continue-with.ts";
import { type FlowRecord, returnToOf } from "../flow.ts";
import type { RegistrationDeps } from "./deps.ts";

/** How signing up ended. */
export type SignedUp = { readonly kind: "done"; readonly response: UpdateFlowResponse } | { readonly kind: "taken" };

/**
 * Writes a new person, and signs them in at once where the `session` hook is
 * configured: browsers get the cookie, native apps the token.
 */
export const createSignUp = (deps: RegistrationDeps) => {
  const { db, clock, config, csrf, defaultReturnUrl, hooks, identities, returnTo, sessionCookie, sessions } = deps;

  return async (flow: FlowRecord, schema: IdentitySchema, method: string, enrolled: Enrolled, call: Call): Promise<SignedUp> => {
    const now = clock.now();
    const identity = apply(blank(uuid7(now), schema.id, now), { traits: enrolled.traits, credentials: enrolled.credentials }, { now, newId: uuid4 });
    const secrets = Object.fromEntries(
      enrolled.credentials.flatMap(({ type, config: secret }): [string, JsonObject][] => (secret === null ? [] : [[type, secret]])),
    );
    const signsIn = hooks.after(method).some((hook) => hook.signsIn);
    const destination =
      returnTo.must(returnToOf(flow)) ??
      config.after.methods[method]?.default_browser_return_url ??
      config.after.default_browser_return_url ??
      defaultReturnUrl;

    try {
      const issued = await db.transaction(async (tx) => {
        await identities.insert(tx, identity, secrets);
        return signsIn ? await sessions.begin(tx, identity, enrolled.proof, call) : undefined;
      });

      const presented = presentIdentity(identity, schema.url);
      const browser = flow.type === "browser";
      const response: UpdateFlowResponse = {
        $typeName: "ostiary.registration.v1.UpdateFlowResponse",
        identity: presented,
        continueWith: [],
        redirectBrowserTo: browser ? destination : "",
      };
      if (issued === undefined) return { kind: "done", response };

      response.session = presentSession(issued, presented, clock.now());
      if (!browser) return { kind: "done", response: { ...response, sessionToken: issued.token, continueWith: [keepToken(issued.token)] } };
      sessionCookie.hand(call, { token: issued.token, expiresAt: issued.session.expiresAt }, clock.now());
      csrf.rotate(call);
      return { kind: "done", response: { ...response, continueWith: [redirectTo(destination)] } };
    } catch (thrown) {
      if (isDuplicate(thrown)) return { kind: "taken" };
      throw thrown;
    }
  };
};

const blank = (id: string, schemaId: string, now: Date): IdentityRecord => ({
  id,
  externalId: undefined,
  schemaId,
  state: "active",
  stateChangedAt: now,
  traits: {},
  verifiable: [],
  recovery: [],
  credentials: {},
  metadataPublic: null,
  metadataAdmin: null,
  organizationId: undefined,
  version: 0,
  createdAt: now,
  updatedAt: now,
});
