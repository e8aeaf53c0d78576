import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { interactionPolicy, Provider } from "oidc-provider";
import { createOpenidStore } from "./openid-store.ts";

/*
 * A real OpenID provider on a port of its own, for tests: oidc-provider with
 * signed ID tokens, PKCE, RFC 9207, and a person who signs in at once. For
 * answers that it refuses to give there is openid-stub.ts.
 */

/** What the provider knows of a person. */
export interface Account {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly [claim: string]: unknown;
}

/** A client of the provider, in the words of its registration. */
export interface OpenidClient {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly redirect_uris: readonly string[];
  readonly token_endpoint_auth_method?: string;
  readonly [property: string]: unknown;
}

/** The provider, and what a test may do to it. */
export interface OpenidProvider {
  readonly issuer: string;
  /** The authorization requests that came, oldest first. */
  readonly requests: readonly Readonly<Record<string, string>>[];
  /** Who signs in from now on, unless `login_hint` names another account. */
  setAccount(account: Account): void;
  /** When they claim to have signed in, in seconds; undefined: now. */
  setAuthTime(seconds: number | undefined): void;
  /** From now on people are refused with this error; undefined: not any more. */
  refuse(error: string | undefined): void;
  /** Signs with fresh keys from now on; the old ones are gone. */
  rotateKeys(): void;
  /** Stops listening: connections are refused. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): Promise<void>;
  /** Issues access tokens that are longer by so many characters; 0: as they are. */
  padTokens(characters: number): void;
  /** Answers everything after so many milliseconds; 0: at once. */
  slow(milliseconds: number): void;
  /** Answers everything with this status; undefined: as it should. */
  serviceError(status: number | undefined): void;
  /**
   * Goes through the provider's pages as a browser would, with a session of its own unless one is given. Gives
   * where it is sent back to.
   */
  signIn(location: string, browser?: ProviderBrowser): Promise<URL>;
  close(): Promise<void>;
}

/** The cookies of a browser at the provider. */
export type ProviderBrowser = Map<string, string>;

/** What a provider is started with. */
export interface OpenidProviderOptions {
  readonly clients: readonly OpenidClient[];
  /** Ids of clients that must use PKCE. */
  readonly requirePkce?: readonly string[];
  /** Further configuration of oidc-provider. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** 0 or left out: any that is free. */
  readonly port?: number;
}

/** Starts a provider on loopback. */
export const startOpenidProvider = async (options: OpenidProviderOptions): Promise<OpenidProvider> => {
  const state: State = {
    account: { sub: "someone" },
    authTime: undefined,
    refusal: undefined,
    delay: 0,
    padding: 0,
    status: undefined,
    requests: [],
  };
  const accounts = new Map<string, Account>();
  let serve: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
  const server = createServer((request, response) => void answer(request, response));
  const port = await listen(server, options.port ?? 0);
  const issuer = `http://127.0.0.1:${port}`;
  const adapter = createOpenidStore();

  const build = () => {
    const provider = createProvider(
      issuer,
      options,
      adapter,
      (id) => accounts.get(id) ?? (state.account.sub === id ? state.account : undefined),
    );
    provider.use(async (context, next) => {
      await next();
      const { body } = context;
      if (state.padding > 0 && typeof body?.access_token === "string")
        context.body = { ...body, access_token: body.access_token + "x".repeat(state.padding) };
    });
    const callback = provider.callback();
    serve = (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", issuer);
      if (pathname === "/auth") state.requests.push(Object.fromEntries(searchParams));
      if (pathname.startsWith("/interaction/")) void finish(provider, request, response, state);
      else callback(request, response);
    };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (state.delay > 0) await sleep(state.delay);
    if (state.status === undefined) serve(request, response);
    else response.writeHead(state.status).end("{}");
  };
  build();

  return {
    issuer,
    requests: state.requests,
    setAccount: (account) => {
      state.account = account;
      accounts.set(account.sub, account);
    },
    setAuthTime: (seconds) => {
      state.authTime = seconds;
    },
    refuse: (error) => {
      state.refusal = error;
    },
    rotateKeys: build,
    down: () => stop(server),
    up: async () => {
      await listen(server, port);
    },
    padTokens: (characters) => {
      state.padding = characters;
    },
    slow: (milliseconds) => {
      state.delay = milliseconds;
    },
    serviceError: (status) => {
      state.status = status;
    },
    signIn: (location, browser = new Map()) => walk(new URL(location), issuer, browser),
    close: () => stop(server),
  };
};

interface State {
  account: Account;
  authTime: number | undefined;
  refusal: string | undefined;
  delay: number;
  padding: number;
  status: number | undefined;
  readonly requests: Readonly<Record<string, string>>[];
}

const createProvider = (
  issuer: string,
  { clients, requirePkce = [], configuration = {} }: OpenidProviderOptions,
  adapter: unknown,
  find: (id: string) => Account | undefined,
): Provider => {
  const provider: Provider = new Provider(issuer, {
    clients: clients.map((client) => ({ response_types: ["code"], grant_types: ["authorization_code"], ...client })),
    adapter,
    jwks: { keys: [makeKey("RS256"), makeKey("ES256")] },
    cookies: { keys: [randomUUID()] },
    pkce: {
      required: (_context: unknown, client: { readonly clientId: string }) => requirePkce.includes(client.clientId),
    },
    features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true } },
    conformIdTokenClaims: false,
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      profile: ["name", "given_name", "family_name", "picture", "locale", "updated_at"],
      acr: null,
      auth_time: null,
    },
    findAccount: (_context: unknown, id: string) => {
      const account = find(id);
      return account && { accountId: id, claims: () => ({ ...account }) };
    },
    // Nobody is asked whether the client may know: what it asks for is granted.
    loadExistingGrant: async ({ oidc }: { readonly oidc: GrantContext }) => {
      const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope(oidc.params.scope ?? "openid");
      grant.addOIDCClaims(["sub", "email", "email_verified", "name", "given_name", "family_name"]);
      await grant.save();
      return grant;
    },
    interactions: {
      policy: policy(),
      url: (_context: unknown, interaction: { readonly uid: string }) => `/interaction/${interaction.uid}`,
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    ...configuration,
  });
  return provider;
};

interface GrantContext {
  readonly session: { readonly accountId: string };
  readonly client: { readonly clientId: string };
  readonly params: { readonly scope?: string };
}

/** Signing in, agreeing, and choosing among accounts where that is asked for. */
const policy = () => {
  const { Prompt, base } = interactionPolicy;
  const prompts = base();
  prompts.add(new Prompt({ name: "select_account", requestable: true }), 0);
  return prompts;
};

const makeKey = (alg: "RS256" | "ES256") => {
  const { privateKey } =
    alg === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: randomUUID() };
};

/** The person at the provider: signs in, or is refused. */
const finish = async (
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  { account, authTime, refusal }: State,
): Promise<void> => {
  try {
    const { params } = await provider.interactionDetails(request, response);
    const login = { accountId: params.login_hint ?? account.sub, ...(authTime !== undefined && { ts: authTime }) };
    await provider.interactionFinished(
      request,
      response,
      refusal === undefined
        ? { login, ...(String(params.prompt).includes("select_account") && { select_account: {} }) }
        : { error: refusal, error_description: "refused by the test" },
    );
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
};

const walk = async (location: URL, issuer: string, cookies: ProviderBrowser): Promise<URL> => {
  let next = location;
  for (let steps = 0; steps < 10; steps++) {
    if (next.origin !== new URL(issuer).origin) return next;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(next, { redirect: "manual", headers: cookie === "" ? {} : { cookie } });
    const body = await response.text();
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    const target = response.headers.get("location");
    if (target === null)
      throw new Error(`the provider shows a page (${response.status}): ${body.replace(/\s+/g, " ").slice(0, 400)}`);
    next = new URL(target, next);
  }
  throw new Error("the provider redirects without end");
};

const listen = async (server: Server, port: number): Promise<number> => {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
