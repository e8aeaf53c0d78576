import { expect, test } from "vitest";
import { createApiKey } from "../../../src/lib/api-key.ts";
import { loadText, mistakesOf } from "./write-config.ts";

const admin = (text: string) => `serve:\n  admin: ${text}`;
const { digest, key } = createApiKey();
const keys = (more = "") => `[{ id: a, digest: "${digest}", scopes: ["*"]${more} }]`;

test.each([
  [`{ host: 0.0.0.0 }`, "serve.admin.auth.type: is missing: on 0.0.0.0 others reach the admin port"],
  [`{ host: "" }`, "serve.admin.auth.type: is missing: on all interfaces others reach the admin port"],
  [`{ host: 192.0.2.1 }`, "serve.admin.auth.type: is missing: on 192.0.2.1"],
  [`{ host: "::" }`, "serve.admin.auth.type: is missing: on ::"],
  [`{ host: id.internal }`, "serve.admin.auth.type: is missing: on id.internal"],
  [`{ host: 0.0.0.0, auth: { type: local } }`, "serve.admin.auth.type: is local, but serve.admin.host is no address"],
  [`{ auth: { type: api_keys } }`, "serve.admin.auth.api_keys: is empty: nobody could call the admin port"],
  [`{ auth: { api_keys: ${keys()} } }`, "serve.admin.auth.api_keys: would not be asked for"],
  [`{ auth: { type: none, api_keys: ${keys()} } }`, "serve.admin.auth.api_keys: would not be asked for"],
  [
    `{ auth: { type: api_keys, api_keys: [{ id: a, digest: "${digest}", scopes: ["*"] }, { id: b, digest: ` +
      `"${digest}", scopes: ["*"] }] } }`,
    "serve.admin.auth.api_keys[1].digest: is there twice",
  ],
  [
    `{ auth: { type: api_keys, api_keys: [{ id: a, digest: "${key}", scopes: ["*"] }] } }`,
    "serve.admin.auth.api_keys[0].digest: must be the digest that `ostiary keys create` prints",
  ],
  [
    `{ auth: { type: api_keys, api_keys: [{ id: a, digest: "${digest}", scopes: [identities.burn] }] } }`,
    "serve.admin.auth.api_keys[0].scopes[0]: must be one of identities.read",
  ],
  [
    `{ auth: { type: api_keys, api_keys: [{ id: a, digest: "${digest}" }] } }`,
    "serve.admin.auth.api_keys[0].scopes: is missing",
  ],
  [
    `{ auth: { type: api_keys, api_keys: ${keys(", expires_at: soon")} } }`,
    "serve.admin.auth.api_keys[0].expires_at: must be a time",
  ],
  [`{ auth: { type: password } }`, "serve.admin.auth.type: must be one of local, api_keys, mtls, none"],
  [`{ auth: { clients: [{ name: a, scopes: ["*"] }] } }`, "serve.admin.auth.clients: would not be asked for"],
  [`{ auth: { client_ca: { base64: eA== } } }`, "serve.admin.auth.client_ca: would not be asked for"],
  [`{ host: "unix:run/admin.sock" }`, "serve.admin.host: is a Unix socket without an absolute path"],
])("a lock that would not hold ends the start: %s", (text, mistake) => {
  const mistakes = mistakesOf(admin(text));
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0]).toContain(mistake);
  // What a digest is mistaken for is a secret.
  expect(mistakes[0]).not.toContain(key);
});

test("client certificates need an authority, names and TLS", () => {
  const mistakes = mistakesOf(admin(`{ auth: { type: mtls } }`)).join("\n");
  expect(mistakes).toContain("serve.admin.auth.client_ca: is missing");
  expect(mistakes).toContain("serve.admin.auth.clients: is empty");
  expect(mistakes).toContain("serve.admin.tls: is missing");
});

test.each([
  `{}`,
  `{ host: 127.0.0.1 }`,
  `{ host: 127.0.0.2, auth: { type: local } }`,
  `{ host: "::1" }`,
  `{ host: localhost }`,
  `{ host: "unix:/run/ostiary/admin.sock" }`,
  `{ host: 0.0.0.0, auth: { type: api_keys, api_keys: ${keys()} } }`,
])("a lock that holds does not: %s", (text) => {
  expect(mistakesOf(admin(text))).toEqual([]);
});

test("a lock that is off, and keys that travel in the clear, are said in one line each", () => {
  const warned = (text: string) => loadText(admin(text)).warnings.filter((line) => line.startsWith("serve.admin"));
  expect(warned(`{ host: 0.0.0.0, auth: { type: none } }`)).toEqual([
    "serve.admin.auth.type is none: whoever reaches the admin port may do everything",
  ]);
  expect(warned(`{ host: 0.0.0.0, auth: { type: api_keys, api_keys: ${keys()} } }`)).toHaveLength(1);
  expect(warned(`{ auth: { type: api_keys, api_keys: ${keys()} } }`)).toEqual([]);
});

test.each([
  ["755", 0o755],
  ["0660", 0o660],
  ["493", 0o755],
])("the mode of a socket is written in octal digits: %s", (written, mode) => {
  const { config } = loadText(admin(`{ host: "unix:/run/a.sock", socket: { mode: ${written} } }`));
  expect(config.serve.admin.unix_socket).toEqual({ path: "/run/a.sock", owner: undefined, group: undefined, mode });
});

test("the digest of a key is that of no other, and nothing of the key", () => {
  const others = [createApiKey(), createApiKey()];
  expect(new Set([digest, ...others.map((one) => one.digest)]).size).toBe(3);
  expect(key).toMatch(/^ostiary_key_[\w-]{43}$/);
  expect(digest).not.toContain(key.slice(12, 30));
});
