import type { JsonObject } from "@bufbuild/protobuf";
import { isDuplicate } from "../../db/sql-error.ts";
import { apply } from "../../identity/apply.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { presentIdentity } from "../../identity/present.ts";
import { uuid4, uuid7 } from "../../lib/ids.ts";
import { presentSession } from "../../session/present.ts";
import { mustTake, type SigningUp, UsedAlready, usedAlready } from "../arriving.ts";
import { keepToken, redirectTo } from "../continue-with.ts";
import { returnToOf } from "../flow.ts";
import { schemaOf } from "./context.ts";
import { mustBeEnabled } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";

/**
 * Writes a new person, and signs them in at once where the `session` hook is
 * configured: browsers get the cookie, native apps the token.
 */
export const createSignUp = (deps: RegistrationDeps): SigningUp["signUp"] => {
  const { db, clock, config, csrf, defaultReturnUrl, hooks, identities, returnTo, schemas, sessionCookie, sessions } = deps;

  return async ({ flow, method, call, fetches }, { traits, credentials, extra, proof, claim }) => {
    mustBeEnabled(config);
    const now = clock.now();
    const schema = schemaOf(schemas, flow);
    const identity = apply(blank(uuid7(now), schema.id, now), { traits, credentials, ...extra }, { now, newId: uuid4 });
    const secrets = Object.fromEntries(credentials.flatMap(({ type, config: secret }): [string, JsonObject][] => (secret === null ? [] : [[type, secret]])));
    const signsIn = fetches || hooks.after(method).some((hook) => hook.signsIn);
    const destination =
      returnTo.must(returnToOf(flow)) ??
      config.after.methods[method]?.default_browser_return_url ??
      config.after.default_browser_return_url ??
      defaultReturnUrl;

    try {
      const issued = await db.transaction(async (tx) => {
        await mustTake(tx, claim);
        await identities.insert(tx, identity, secrets);
        return signsIn ? await sessions.begin(tx, identity, [proof], call) : undefined;
      });

      const presented = presentIdentity(identity, schema.url);
      const session = issued && presentSession(issued, presented, clock.now());
      if (flow.type === "api") {
        if (issued === undefined) return { kind: "entered", identity: presented, continueWith: [], redirectBrowserTo: "" };
        const { token } = issued;
        return {
          kind: "entered",
          ...(session && { session }),
          identity: presented,
          sessionToken: token,
          continueWith: [keepToken(token)],
          redirectBrowserTo: "",
        };
      }
      // A secret that someone else may know must not outlive the change of person.
      csrf.rotate(call);
      if (issued === undefined) return { kind: "entered", identity: presented, continueWith: [], redirectBrowserTo: destination };
      sessionCookie.hand(call, { token: issued.token, expiresAt: issued.session.expiresAt }, clock.now());
      return {
        kind: "entered",
        ...(session && { session }),
        identity: presented,
        continueWith: [redirectTo(destination)],
        redirectBrowserTo: destination,
      };
    } catch (thrown) {
      if (thrown instanceof UsedAlready) return usedAlready;
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
