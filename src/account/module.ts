import type { Config } from "../config/config.ts";
import { undoUrls } from "../flows/shared/undo-urls.ts";
import { createConflictRetry } from "../identity/conflict-retry.ts";
import { createJsonnetEngine } from "../lib/jsonnet/engine.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import { createOutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import type { Csrf } from "../session/csrf.ts";
import { createTokenizer } from "../session/tokenizer.ts";
import type { AddressDeps, UndoDeps } from "./addresses/deps.ts";
import { createAddressService } from "./addresses/service.ts";
import { createOwners, type OwnersDeps } from "./owner/module.ts";
import type { OwnedCredentials } from "./owner/owned-credentials.ts";
import type { SessionDeps, WhoAmIAnswering } from "./sessions/deps.ts";
import { createSessionService } from "./sessions/service.ts";

/** What owners do outside flows stands on. */
export interface AccountDeps
  extends Omit<SessionDeps, "sessions" | "sessionEndings" | "csrf" | "requiredAal" | "answering">,
    Omit<OwnersDeps, "config" | "owned" | "requiredAal" | "sessions"> {
  readonly config: OwnersDeps["config"] & Pick<Config, "feature_flags" | "selfservice" | "session">;
  readonly publicUrl: string;
  readonly print: WhoAmIAnswering["print"];
  readonly addressRules: AddressRules;
}

/** What the methods tell of what people have. */
interface OwnerMethods {
  readonly credentials: OwnedCredentials["kinds"];
  readonly oidc: { readonly links: OwnedCredentials["links"] };
}
/** What owners do about their addresses stands on. */
type AccountAddressDeps = Omit<
  AddressDeps & UndoDeps,
  "requiredAal" | "findLive" | "revokeOthers" | "conflictRetry" | "undoUrl" | "undoneUrl"
>;

/** Creates what owners do outside flows: who is signed in, where else, and ending it. */
export const createAccount = (
  deps: AccountDeps & AccountAddressDeps,
  sessions: {
    readonly store: SessionDeps["sessions"];
    readonly endings: SessionDeps["sessionEndings"];
    readonly csrf: Csrf;
  },
  { credentials, oidc }: OwnerMethods,
) => {
  const { feature_flags: flags, session } = deps.config;
  const engine = createJsonnetEngine();
  const fetch = createOutboundFetch();
  const tokenizer = createTokenizer({
    ...deps,
    templates: session.whoami.tokenizer,
    issuer: deps.publicUrl,
    engine,
    fetch,
  });
  const owners = createOwners({
    ...deps,
    sessions: sessions.store,
    owned: { kinds: credentials, links: oidc.links },
    requiredAal: session.whoami.required_aal,
  });
  return {
    services: [
      createAddressService({
        ...deps,
        findLive: sessions.store.findLive,
        revokeOthers: sessions.store.revokeOthers,
        conflictRetry: createConflictRetry(deps),
        ...undoUrls(deps.config.selfservice.flows.settings.addresses.undo_ui_url),
        requiredAal: session.whoami.required_aal,
      }),
      createSessionService({
        ...deps,
        csrf: sessions.csrf,
        sessions: sessions.store,
        sessionEndings: sessions.endings,
        requiredAal: session.whoami.required_aal,
        answering: {
          tokenizer,
          print: deps.print,
          cacheFor: flags.cacheable_sessions
            ? (flags.cacheable_sessions_max_age ?? Number.POSITIVE_INFINITY)
            : undefined,
        },
      }),
      ...owners.services,
    ],
    jobs: owners.jobs,
    close: () => engine.close(),
  };
};
