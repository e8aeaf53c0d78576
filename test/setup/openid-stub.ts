import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

/** A hand-made provider, for the answers that a real one refuses to give. */
export interface OpenidStub {
  readonly issuer: string;
  /** The public key as it is published, for whoever wants to sign with it. */
  readonly publicKey: JWK;
  /** What the token endpoint answers, status 200 unless said otherwise. */
  answer(body: Readonly<Record<string, unknown>>, status?: number): void;
  /** What the userinfo endpoint, or any other path, answers. */
  answerAt(path: string, body: unknown, status?: number): void;
  /** Signs claims as the provider would. Standard ones are filled in; undefined takes one out. */
  sign(claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>;
  /** How often a path was asked for. */
  asked(path: string): number;
  /** What was last posted to the token endpoint. */
  readonly posted: () => URLSearchParams;
  close(): Promise<void>;
}

/** Starts a stub on loopback. `metadata` changes what it publishes of itself. */
export const startOpenidStub = async (
  clientId: string,
  metadata: (issuer: string) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<OpenidStub> => {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: "RS256", use: "sig" };
  const answers = new Map<string, { readonly body: unknown; readonly status: number }>();
  const counts = new Map<string, number>();
  let posted = new URLSearchParams();

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://stub");
    counts.set(pathname, (counts.get(pathname) ?? 0) + 1);
    let sent = "";
    for await (const chunk of request) sent += String(chunk);
    if (pathname === "/token") posted = new URLSearchParams(sent);
    const { body, status } = answers.get(pathname) ?? { body: {}, status: 404 };
    response
      .writeHead(status, { "content-type": "application/json" })
      .end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const put = (path: string, body: unknown, status = 200) => void answers.set(path, { body, status });
  put("/.well-known/openid-configuration", {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/me`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    ...metadata(issuer),
  });
  put("/jwks", { keys: [jwk] });

  return {
    issuer,
    publicKey: jwk,
    answer: (body, status) => put("/token", body, status),
    answerAt: put,
    asked: (path) => counts.get(path) ?? 0,
    posted: () => posted,
    sign: (claims, header = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const all = Object.entries({
        iss: issuer,
        aud: clientId,
        sub: "someone",
        iat: now,
        exp: now + 600,
        ...claims,
      }).filter(([, value]) => value !== undefined);
      return new SignJWT(Object.fromEntries(all))
        .setProtectedHeader({ alg: "RS256", kid: jwk.kid ?? "", ...header })
        .sign(privateKey);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
