import { randomBytes } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import type { Connection } from "mysql2/promise";
import { kratosDefinitions } from "./kratos-tables.ts";

/*
 * People of every kind in the tables of Ory Kratos, any number of them, made by the database itself. Person number n
 * signs in as `person.n@example.com` with `generatedPassword`; what else they have is told by their kind.
 */

/** Kinds in turn: person n is of the kind n modulo 8. */
export const generatedKinds = [
  "everything",
  "plain",
  "oidc",
  "totp",
  "lookup",
  "webauthn",
  "passkey",
  "disabled",
] as const;

/** Everybody's password, and its hash by bcrypt. */
export const generatedPassword = "123456";
const hash = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";

/** What the tokens of providers are encrypted with, and what they say. */
export const generatedCipher = "exactly thirty-two bytes of text";
export const generatedToken = "a token of the provider";

/** The one public key, base64 of a COSE_Key, that all keys have; their ids differ. */
export interface GeneratedKey {
  readonly publicKey: string;
}

const NETWORK = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";
/** People of one statement. */
const CHUNK = 20_000;

const types = ["password", "oidc", "totp", "lookup_secret", "webauthn", "passkey", "code"] as const;
const typeId = (type: string): string => {
  const at = types.indexOf(type as (typeof types)[number]);
  return `00000000-0000-4000-8000-00000000000${at}`;
};

/** 32 hexadecimal digits made of a text: not every server has MD5 any longer. */
const hex = (text: string): string => `LEFT(SHA2(${text}, 256), 32)`;
/** A UUID made of a text. */
const uuid = (text: string): string => {
  const digits = hex(text);
  return `CONCAT(LEFT(${digits}, 8), '-', MID(${digits}, 9, 4), '-4', MID(${digits}, 14, 3), '-a',
    MID(${digits}, 18, 3), '-', RIGHT(${digits}, 12))`;
};
const personId = uuid("CONCAT('person ', n)");
const email = "CONCAT('person.', n, '@example.com')";
const base64 = (bytes: string): string => `REPLACE(TO_BASE64(${bytes}), CHAR(10), '')`;
/** 64 characters of text. */
const userHandle = "SHA2(CONCAT('handle ', n), 256)";
/** 32 characters of base32. */
const totpSecret = `UPPER(REPLACE(REPLACE(REPLACE(REPLACE(${hex("CONCAT('totp ', n)")},
  '0', 'g'), '1', 'h'), '8', 'i'), '9', 'j'))`;
const code = (at: number): string => `LEFT(${hex(`CONCAT('code ${at} ', n)`)}, 8)`;

/** Of person n, what a test has to know. */
export const generatedColumns = {
  id: personId,
  email,
  token: "CONCAT('ory_st_', LEFT(SHA2(CONCAT('token ', n), 256), 32))",
  totp: totpSecret,
  code: code(3),
  userHandle,
  passkeyId: "SHA2(CONCAT('passkey ', n), 256)",
  webauthnId: "SHA2(CONCAT('webauthn ', n), 256)",
} as const;

const seal = (text: string): string => {
  const nonce = randomBytes(24);
  const sealed = xchacha20poly1305(Buffer.from(generatedCipher), nonce).encrypt(Buffer.from(text));
  return Buffer.concat([nonce, sealed]).toString("hex");
};

const knownFlags = `,
    'flags', JSON_OBJECT('user_present', true, 'user_verified', true, 'backup_eligible', false, 'backup_state', false)`;

/** Those of passkeys say nothing of the authenticator, as rows of older releases do. */
const key = (id: string, publicKey: string, passwordless: boolean): string =>
  `JSON_OBJECT('id', ${base64(`UNHEX(${id})`)}, 'public_key', '${publicKey}', 'attestation_type', 'none',
    'authenticator', JSON_OBJECT('aaguid', 'AAAAAAAAAAAAAAAAAAAAAA==', 'sign_count', 1, 'clone_warning', false),
    'display_name', 'Key ring', 'added_at', '2026-01-02T03:04:05Z',
    'is_passwordless', ${passwordless}${passwordless ? "" : knownFlags})`;

/** Of which kinds a credential is, its identifier, and its configuration. */
const credentials = ({
  publicKey,
}: GeneratedKey): readonly (readonly [string, readonly number[], string, string])[] => [
  ["password", [0, 1, 3, 4, 5, 6, 7], email, `JSON_OBJECT('hashed_password', '${hash}')`],
  ["password", [2], email, "JSON_OBJECT()"],
  [
    "oidc",
    [0, 2],
    "CONCAT('acme:sub-', n)",
    `JSON_OBJECT('providers', JSON_ARRAY(JSON_OBJECT('provider', 'acme', 'subject', CONCAT('sub-', n),
      'initial_id_token', '${seal(generatedToken)}', 'initial_access_token', '', 'initial_refresh_token', '')))`,
  ],
  [
    "totp",
    [0, 3],
    personId,
    `JSON_OBJECT('totp_url', CONCAT('otpauth://totp/Old:', ${email}, ` +
      `'?algorithm=SHA1&digits=6&issuer=Old&period=30&secret=', ${totpSecret}))`,
  ],
  [
    "lookup_secret",
    [0, 4],
    personId,
    `JSON_OBJECT('recovery_codes', JSON_ARRAY(${Array.from(
      { length: 12 },
      (_, at) => `JSON_OBJECT('code', ${code(at)}, 'used_at', ${at === 0 ? "'2026-01-02T03:04:05Z'" : "NULL"})`,
    ).join(", ")}))`,
  ],
  [
    "webauthn",
    [0, 5],
    email,
    `JSON_OBJECT('credentials', JSON_ARRAY(${key(generatedColumns.webauthnId, publicKey, false)}), ` +
      `'user_handle', ${base64(`UNHEX(REPLACE(${personId}, '-', ''))`)})`,
  ],
  ["webauthn", [1, 2, 3, 4, 6, 7], email, "JSON_OBJECT()"],
  [
    "passkey",
    [0, 6],
    userHandle,
    `JSON_OBJECT('credentials', JSON_ARRAY(${key(generatedColumns.passkeyId, publicKey, true)}), 'user_handle', ` +
      `${base64(userHandle)})`,
  ],
];

const then = "NOW() - INTERVAL 1 HOUR";

/** Statements for one chunk, all of which end in a condition on n. */
const statements = (own: GeneratedKey): readonly string[] => [
  `INSERT INTO identities (id, schema_id, traits, created_at, updated_at, nid, state, state_changed_at, metadata_public,
    metadata_admin, available_aal)
   SELECT ${personId}, 'default',
          JSON_OBJECT('email', ${email}, 'name', JSON_OBJECT('first', CONCAT('N', n), 'last', 'Ünï'), 'tags',
          JSON_ARRAY('a', CONCAT('t', n))),
          ${then}, ${then}, '${NETWORK}', IF(n % 8 = 7, 'inactive', 'active'), ${then}, JSON_OBJECT('tier', n), NULL,
          'aal1'
     FROM numbers WHERE`,
  ...credentials(own).flatMap(([type, kinds, identifier, config]) => {
    const credentialId = uuid(`CONCAT('${type} ', n)`);
    return [
      `INSERT INTO identity_credentials (id, config, identity_credential_type_id, identity_id, created_at, updated_at,
        nid, version)
       SELECT ${credentialId}, ${config}, '${typeId(type)}', ${personId}, ${then}, ${then}, '${NETWORK}', 1
         FROM numbers WHERE n % 8 IN (${kinds.join(", ")}) AND`,
      `INSERT INTO identity_credential_identifiers (id, identifier, identity_credential_id, created_at, updated_at, nid,
        identity_credential_type_id, identity_id)
       SELECT ${uuid(`CONCAT('identifier ${type} ', n)`)}, ${identifier}, ${credentialId}, ${then}, ${then},
       '${NETWORK}', '${typeId(type)}', ${personId}
         FROM numbers WHERE n % 8 IN (${kinds.join(", ")}) AND`,
    ];
  }),
  `INSERT INTO identity_verifiable_addresses (id, status, via, verified, value, verified_at, identity_id, created_at,
    updated_at, nid)
   SELECT ${uuid("CONCAT('verifiable ', n)")}, ELT(n % 3 + 1, 'pending', 'sent', 'completed'), 'email',
   n % 3 = 2, ${email},
          IF(n % 3 = 2, ${then}, NULL), ${personId}, ${then}, ${then}, '${NETWORK}' FROM numbers WHERE`,
  `INSERT INTO identity_recovery_addresses (id, via, value, identity_id, created_at, updated_at, nid)
   SELECT ${uuid("CONCAT('recovery ', n)")}, 'email', ${email}, ${personId}, ${then}, ${then}, '${NETWORK}' FROM numbers
   WHERE`,
  `INSERT INTO sessions (id, issued_at, expires_at, authenticated_at, identity_id, created_at, updated_at, token,
    active, nid, aal, authentication_methods)
   SELECT ${uuid("CONCAT('session ', n)")}, ${then}, NOW() + INTERVAL 1 DAY, ${then}, ${personId}, ${then}, ${then},
          ${generatedColumns.token}, 1, '${NETWORK}', 'aal1',
          JSON_ARRAY(JSON_OBJECT('method', 'password', 'aal', 'aal1', 'completed_at', DATE_FORMAT(${then},
          '%Y-%m-%dT%H:%i:%sZ')))
     FROM numbers WHERE`,
  `INSERT INTO session_devices (id, ip_address, user_agent, location, session_id, nid, created_at, updated_at,
    identity_id)
   SELECT ${uuid("CONCAT('device ', n)")}, '127.0.0.1:45976', 'node', '', ${uuid("CONCAT('session ', n)")},
   '${NETWORK}', ${then}, ${then}, ${personId}
     FROM numbers WHERE`,
];

/** Makes the tables and so many people in them. */
export const generatePeople = async (connection: Connection, count: number, own: GeneratedKey): Promise<void> => {
  await connection.query("SET SESSION time_zone = '+00:00'");
  for (const sql of kratosDefinitions) await connection.query(sql);
  await connection.query(`INSERT INTO networks (id, created_at, updated_at) VALUES ('${NETWORK}', ${then}, ${then})`);
  for (const type of types)
    await connection.query("INSERT INTO identity_credential_types (id, name) VALUES (?, ?)", [typeId(type), type]);
  await connection.query("CREATE TABLE numbers (n INT NOT NULL PRIMARY KEY)");
  await connection.query("INSERT INTO numbers VALUES (0)");
  for (let made = 1; made < count; made *= 2)
    await connection.query("INSERT INTO numbers SELECT n + ? FROM numbers WHERE n + ? < ?", [made, made, count]);
  for (let from = 0; from < count; from += CHUNK)
    for (const sql of statements(own)) await connection.query(`${sql} n >= ? AND n < ?`, [from, from + CHUNK]);
};

/** What somebody of them has, by number. */
export const generatedPerson = async (
  connection: Connection,
  n: number,
): Promise<Readonly<Record<keyof typeof generatedColumns, string>>> => {
  const columns = Object.entries(generatedColumns).map(([name, sql]) => `${sql} AS ${name}`);
  const [rows] = await connection.query(`SELECT ${columns.join(", ")} FROM numbers WHERE n = ?`, [n]);
  const [row] = rows as Record<keyof typeof generatedColumns, string>[];
  if (row === undefined) throw new Error(`there is no person ${n}`);
  return row;
};
