import type { JsonObject } from "@bufbuild/protobuf";
import type { Raw } from "../../src/config/tree.ts";
import { type OpenidProvider, startOpenidProvider } from "../setup/openid-provider.ts";
import { acceptHtml } from "./browser-form.ts";
import { type CallbackResult, send } from "./http.ts";
import type { Visitor } from "./protocol.ts";
import type { TestServer } from "./server.ts";

/* Two real sign-in providers beside a server, and the way there and back. */

/** Ids of the providers. */
export type ProviderId = "acme" | "globex";

/** The providers of a server. Two issuers, so that one can be taken for the other. */
export interface Providers extends Readonly<Record<ProviderId, OpenidProvider>> {
  /** What the server is configured with. */
  readonly overrides: Raw;
  close(): Promise<void>;
}

/** Starts two providers, and the server anew with them. `parts` are further keys of each provider's configuration. */
export const startProviders = async (
  server: TestServer,
  parts: Readonly<Record<string, unknown>> = {},
  more: Raw = {},
): Promise<Providers> => {
  const start = (id: ProviderId, callback = `callback/${id}`) =>
    startOpenidProvider({
      clients: [
        {
          client_id: id,
          client_secret: `secret of ${id}`,
          redirect_uris: [`${server.url}/self-service/methods/oidc/${callback}`],
        },
      ],
      requirePkce: [id],
    });
  const [acme, globex] = await Promise.all([
    start("acme"),
    start("globex", parts.pkce === "force" ? "callback" : undefined),
  ]);
  const providers = ([id, { issuer }]: readonly [ProviderId, OpenidProvider]) => ({
    id,
    provider: "generic",
    label: id === "acme" ? "Acme" : "Globex",
    client_id: id,
    client_secret: `secret of ${id}`,
    issuer_url: issuer,
    scope: ["email", "profile"],
    requested_claims: { id_token: { auth_time: { essential: true } } },
    mapper: {
      traits: { email: "claims.email", "name.first": "claims.given_name" },
      verified_addresses: [{ via: "email", value: "claims.email" }],
    },
    ...(id === "acme" ? {} : parts),
  });
  const oidc = { enabled: true, config: { providers: [providers(["acme", acme]), providers(["globex", globex])] } };
  const overrides: Raw = { ...more, selfservice: { ...(more.selfservice as Raw | undefined), methods: { oidc } } };
  await server.restart(overrides);
  return {
    acme,
    globex,
    overrides,
    close: async () => {
      await Promise.all([acme.close(), globex.close()]);
    },
  };
};

/** What providers sign has real times: the server's clock shows them too. */
export const showRealTime = ({ clock }: TestServer): void => clock.advance(Date.now() - clock.now().getTime());

/** Signs in at the provider as this account. Returns where the browser is sent back to. */
export const signInAt = (
  provider: OpenidProvider,
  location: string | undefined,
  account: JsonObject & { readonly sub: string },
): Promise<URL> => {
  provider.setAccount(account);
  return provider.signIn(location ?? "");
};

/** The browser comes back, with a visitor's cookies or those of nobody. */
export const comeBack = async (url: URL | string, visitor?: Visitor): Promise<CallbackResult> => {
  const jar = visitor?.credentials.jar;
  const received = await send(String(url), {
    headers: { accept: acceptHtml, cookie: jar?.header, "sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site" },
  });
  jar?.take(received.setCookies);
  return received;
};

/** Where a browser was sent. */
export const locationOf = (received: CallbackResult): URL => new URL(received.headers.location ?? "", "http://nowhere");

/** What the error page would show. */
export const errorAt = async (server: TestServer, received: CallbackResult): Promise<JsonObject> => {
  const id = locationOf(received).searchParams.get("id") ?? "";
  return (await send(`${server.url}/self-service/errors?id=${id}`)).json.error as JsonObject;
};

/** The answer to a submit that led elsewhere. @throws Error when it did not */
export const away = (answer: { readonly ok: boolean; readonly location?: string }): string => {
  if (!answer.ok || answer.location === undefined) throw new Error(`nobody was sent away: ${JSON.stringify(answer)}`);
  return answer.location;
};

/** The parameter that the provider hands back. */
export const stateOf = (location: string): string => new URL(location).searchParams.get("state") ?? "";
