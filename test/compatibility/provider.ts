import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Clock } from "../../src/lib/clock.ts";

/** Whom the provider signs in next: claims of the ID token, or an error that it answers with. */
export type Next = Readonly<Record<string, unknown>> & { readonly error?: string; readonly withoutIdToken?: boolean };

/** An OpenID provider that signs anyone in at once. */
export interface Provider {
  readonly port: number;
  /** With the slash at the end. */
  readonly issuer: string;
  next: Next;
  /** Parameters of the authorization requests so far. */
  readonly requests: Readonly<Record<string, string>>[];
  close(): void;
}

/** Starts a provider on a free port. */
export const startProvider = async (clock: Clock): Promise<Provider> => {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "k", alg: "RS256", use: "sig" };
  const grants = new Map<string, Next>();

  const authorize = (query: URLSearchParams): string => {
    provider.requests.push(Object.fromEntries(query));
    const back = new URL(query.get("redirect_uri") ?? "");
    if (provider.next.error) back.searchParams.set("error", provider.next.error);
    else {
      const code = randomUUID();
      grants.set(code, { ...provider.next, nonce: query.get("nonce") ?? undefined });
      back.searchParams.set("code", code);
    }
    back.searchParams.set("state", query.get("state") ?? "");
    return back.href;
  };

  const tokens = async (request: IncomingMessage): Promise<object | undefined> => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const grant = grants.get(new URLSearchParams(body).get("code") ?? "");
    if (grant === undefined) return undefined;
    const { withoutIdToken = false, ...claims } = grant;
    const now = Math.floor(clock.now().getTime() / 1000);
    const idToken = await new SignJWT({
      iss: provider.issuer,
      aud: "golden",
      iat: now,
      exp: now + 600,
      auth_time: now,
      ...claims,
    })
      .setProtectedHeader({ alg: "RS256", kid: "k", typ: "JWT" })
      .sign(privateKey);
    const answer = { access_token: randomUUID(), token_type: "Bearer", expires_in: 600 };
    return withoutIdToken ? answer : { ...answer, id_token: idToken };
  };

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", provider.issuer);
    const answer = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (pathname.endsWith("/.well-known/openid-configuration")) return answer(200, metadata(provider.issuer));
    if (pathname === "/jwks") return answer(200, { keys: [jwk] });
    if (pathname === "/auth") return response.writeHead(302, { location: authorize(searchParams) }).end();
    const granted = pathname === "/token" ? await tokens(request) : undefined;
    return granted === undefined
      ? answer(pathname === "/token" ? 400 : 404, { error: "invalid_grant" })
      : answer(200, granted);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const provider: Provider = {
    port,
    issuer: `http://127.0.0.1:${port}/`,
    next: { sub: "someone" },
    requests: [],
    close: () => server.close(),
  };
  return provider;
};

const metadata = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}auth`,
  token_endpoint: `${issuer}token`,
  userinfo_endpoint: `${issuer}me`,
  jwks_uri: `${issuer}jwks`,
  response_types_supported: ["code"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256"],
  scopes_supported: ["openid", "email"],
  code_challenge_methods_supported: ["S256"],
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
});
