/*
 * Hashes that other systems made and operators import. They are compared
 * with once: at the next sign-in the password is hashed anew. docs/admin.md lists
 * the forms.
 */

/** A hash of another system, read. */
export interface ImportedFormat {
  readonly kind: "imported";
  /** Algorithm and parameters, nothing of the hash itself. */
  readonly name: string;
  readonly check: ImportedCheck;
}

/** How a password is compared with such a hash. */
export type ImportedCheck =
  | {
      readonly type: "pbkdf2";
      readonly algorithm: string;
      readonly iterations: number;
      readonly salt: Buffer;
      readonly digest: Buffer;
    }
  | (ScryptParameters & { readonly type: "scrypt"; readonly digest: Buffer })
  | (ScryptParameters & {
      readonly type: "firebase_scrypt";
      /** What is encrypted with the key that comes of the password. */
      readonly signerKey: Buffer;
      readonly digest: Buffer;
    })
  /** `parts` are texts, and `salt` and `password` where those stand. */
  | {
      readonly type: "digest";
      readonly algorithm: string;
      readonly parts: readonly (Buffer | "password")[];
      readonly digest: Buffer;
    }
  | { readonly type: "hmac"; readonly algorithm: string; readonly key: Buffer; readonly digest: Buffer }
  /** A string of crypt(3). */
  | { readonly type: "md5_crypt" | "sha_crypt"; readonly text: string; readonly rounds: number };

interface ScryptParameters {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelism: number;
  readonly salt: Buffer;
}

const base64 = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64");
const B64 = "[A-Za-z0-9+/_-]*={0,2}";

const patterns = {
  pbkdf2: new RegExp(`^\\$pbkdf2-(sha1|sha256|sha512)\\$i=(\\d{1,9}),l=(\\d{1,4})\\$(${B64})\\$(${B64})$`),
  scrypt: new RegExp(`^\\$scrypt\\$ln=(\\d{1,9}),r=(\\d{1,4}),p=(\\d{1,4})\\$(${B64})\\$(${B64})$`),
  firebase: new RegExp(
    `^\\$firescrypt\\$ln=(\\d{1,2}),r=(\\d{1,4}),p=(\\d{1,4})\\$(${B64})\\$(${B64})\\$(${B64})\\$(${B64})$`,
  ),
  ldap: new RegExp(`^\\{(S?)SHA(256|512)?\\}(${B64})$`),
  salted: new RegExp(`^\\$(md5|sha1|sha256|sha512)\\$(?:pf=(${B64})\\$(${B64})\\$)?(${B64})$`),
  hmac: new RegExp(`^\\$hmac-(md5|sha1|sha224|sha256|sha384|sha512)\\$(${B64})\\$(${B64})$`),
  crypt: new RegExp(
    "^\\$(md5-crypt|sha256-crypt|sha512-crypt|1|5|6)\\$" +
      "((?:rounds=(\\d{1,9})\\$)?[./A-Za-z0-9]{0,16}\\$[./A-Za-z0-9]{22,86})$",
  ),
} as const;

const digestBytes: Readonly<Record<string, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** Reads a hash of another system; undefined when it is of no kind that we verify. */
export const readImportedFormat = (stored: string): ImportedFormat | undefined => {
  for (const read of readers) {
    const check = read(stored);
    if (check !== undefined) return { kind: "imported", name: nameOf(check), check };
  }
  return undefined;
};

const readPbkdf2 = (stored: string): ImportedCheck | undefined => {
  const [, algorithm, iterations, length, salt, hash] = patterns.pbkdf2.exec(stored) ?? [];
  const digest = base64(hash);
  return algorithm === undefined || digest.length < 8 || digest.length !== Number(length) || Number(iterations) < 1
    ? undefined
    : { type: "pbkdf2", algorithm, iterations: Number(iterations), salt: base64(salt), digest };
};

const scryptOf = (cost: number, r: string | undefined, p: string | undefined, salt: Buffer) => {
  const [blockSize, parallelism] = [Number(r), Number(p)];
  const isPower = cost > 1 && cost <= 2 ** 30 && Number.isInteger(Math.log2(cost));
  return isPower && blockSize >= 1 && parallelism >= 1 ? { cost, blockSize, parallelism, salt } : undefined;
};

const readScrypt = (stored: string): ImportedCheck | undefined => {
  const [, ln, r, p, salt, hash] = patterns.scrypt.exec(stored) ?? [];
  // The cost itself, or its logarithm as the PHC string format has it.
  const cost = Number(ln) < 32 ? 2 ** Number(ln) : Number(ln);
  const parameters = ln === undefined ? undefined : scryptOf(cost, r, p, base64(salt));
  const digest = base64(hash);
  return parameters && digest.length >= 8 ? { type: "scrypt", ...parameters, digest } : undefined;
};

const readFirebase = (stored: string): ImportedCheck | undefined => {
  const [, ln, r, p, salt, hash, separator, key] = patterns.firebase.exec(stored) ?? [];
  const parameters =
    ln === undefined ? undefined : scryptOf(2 ** Number(ln), r, p, Buffer.concat([base64(salt), base64(separator)]));
  const [digest, signerKey] = [base64(hash), base64(key)];
  return parameters && digest.length >= 8 && digest.length === signerKey.length
    ? { type: "firebase_scrypt", ...parameters, digest, signerKey }
    : undefined;
};

const readLdap = (stored: string): ImportedCheck | undefined => {
  const [, salted, size, text] = patterns.ldap.exec(stored) ?? [];
  if (salted === undefined) return undefined;
  const algorithm = `sha${size ?? "1"}`;
  const bytes = base64(text);
  const length = digestBytes[algorithm] ?? 0;
  const salt = bytes.subarray(length);
  if (bytes.length < length || salt.length > 0 !== (salted === "S")) return undefined;
  return { type: "digest", algorithm, parts: ["password", salt], digest: bytes.subarray(0, length) };
};

const readSalted = (stored: string): ImportedCheck | undefined => {
  const [, algorithm, form, salt, hash] = patterns.salted.exec(stored) ?? [];
  const digest = base64(hash);
  if (algorithm === undefined || digest.length !== digestBytes[algorithm]) return undefined;
  const parts = partsOf(form === undefined ? "{PASSWORD}" : base64(form).toString(), base64(salt));
  return parts.filter((part) => part === "password").length === 1
    ? { type: "digest", algorithm, parts, digest }
    : undefined;
};

/** A form such as `{SALT}$${PASSWORD}`, parsed. */
const partsOf = (form: string, salt: Buffer): readonly (Buffer | "password")[] =>
  form.split(/(\{SALT\}|\{PASSWORD\})/).map((part) => {
    if (part === "{PASSWORD}") return "password";
    return part === "{SALT}" ? salt : Buffer.from(part);
  });

const readHmac = (stored: string): ImportedCheck | undefined => {
  const [, algorithm, hash, key] = patterns.hmac.exec(stored) ?? [];
  if (algorithm === undefined) return undefined;
  const bytes = base64(hash);
  // The digest is written in bytes, or in hexadecimal digits.
  const digest = bytes.length === (digestBytes[algorithm] ?? 0) * 2 ? Buffer.from(bytes.toString(), "hex") : bytes;
  return digest.length === digestBytes[algorithm] ? { type: "hmac", algorithm, key: base64(key), digest } : undefined;
};

const cryptIds: Readonly<Record<string, string>> = { "md5-crypt": "1", "sha256-crypt": "5", "sha512-crypt": "6" };
const cryptLengths: Readonly<Record<string, number>> = { "1": 22, "5": 43, "6": 86 };

const readCrypt = (stored: string): ImportedCheck | undefined => {
  const [, scheme, rest = "", rounds] = patterns.crypt.exec(stored) ?? [];
  if (scheme === undefined) return undefined;
  const id = cryptIds[scheme] ?? scheme;
  if (rest.slice(rest.lastIndexOf("$") + 1).length !== cryptLengths[id]) return undefined;
  const text = `$${id}$${rest}`;
  if (id !== "1") return { type: "sha_crypt", text, rounds: Number(rounds ?? 5_000) };
  return rounds === undefined ? { type: "md5_crypt", text, rounds: 1_000 } : undefined;
};

const readers = [readPbkdf2, readScrypt, readFirebase, readLdap, readSalted, readHmac, readCrypt];

const nameOf = (check: ImportedCheck): string => {
  switch (check.type) {
    case "pbkdf2":
      return `pbkdf2 ${check.algorithm} ${check.iterations}`;
    case "scrypt":
    case "firebase_scrypt":
      return `${check.type} ${check.cost} ${check.blockSize} ${check.parallelism}`;
    case "digest":
    case "hmac":
      return `${check.type} ${check.algorithm}`;
    default:
      return `${check.type} ${check.rounds}`;
  }
};

/** The most of each that a comparison may take: about a second. */
const most = { pbkdf2: 2_000_000, parallelism: 16, rounds: 500_000 };

/**
 * What is wrong with the cost of such a hash, as a sentence that quotes nothing of it; undefined when it may be
 * compared with.
 *
 * @param memory KiB at most
 */
export const findImportedCostFault = ({ check }: ImportedFormat, memory: number): string | undefined => {
  switch (check.type) {
    case "pbkdf2":
      return above("pbkdf2 iterations", check.iterations, most.pbkdf2);
    case "scrypt":
    case "firebase_scrypt":
      return (
        above("KiB of scrypt memory", (check.cost * check.blockSize) / 8, memory) ??
        above("times scrypt in parallel", check.parallelism, most.parallelism)
      );
    case "sha_crypt":
      return above("rounds of sha-crypt", check.rounds, most.rounds);
    default:
      return undefined;
  }
};

const above = (what: string, value: number, limit: number): string | undefined =>
  value > limit ? `${value} ${what} are above ${limit}` : undefined;
