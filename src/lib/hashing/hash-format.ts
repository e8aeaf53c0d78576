import { findImportedCostFault, type ImportedFormat, readImportedFormat } from "./imported-format.ts";

/** A stored password hash, read: which algorithm, and how hard it was made. */
export type HashFormat = Argon2Format | BcryptFormat | ImportedFormat;

/** A PHC string, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, of Go, Node, PHP or libsodium. */
export interface Argon2Format {
  readonly kind: "argon2";
  readonly variant: "argon2id" | "argon2i" | "argon2d";
  readonly version: number;
  /** KiB. */
  readonly memory: number;
  readonly iterations: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly digest: Buffer;
}

/** A modular crypt string, `$2b$12$…`. */
export interface BcryptFormat {
  readonly kind: "bcrypt";
  readonly cost: number;
  /** The string in the spelling that every library reads. */
  readonly text: string;
}

/** The most that comparing with a stored hash may cost; the `hashers.max_cost` section of the configuration fits. */
export interface HashCost {
  readonly bcrypt: number;
  /** KiB. */
  readonly argon2_memory: number;
  readonly argon2_iterations: number;
}

const ARGON2 =
  /^\$(argon2id|argon2i|argon2d)(?:\$v=(\d{1,3}))?\$((?:[mtp]=\d{1,10},?){3})\$([A-Za-z0-9+/]+)=*\$([A-Za-z0-9+/]+)=*$/;
const BCRYPT = /^\$2[abyz]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/**
 * Reads a stored hash; undefined when it is of no kind that we verify. What it costs is not judged; see
 * `findCostFault`.
 */
export const readHashFormat = (stored: string): HashFormat | undefined => {
  const bcrypt = BCRYPT.exec(stored);
  if (bcrypt !== null) {
    const cost = Number(bcrypt[1]);
    return cost >= 4 && cost <= 31 ? { kind: "bcrypt", cost, text: `$2b$${stored.slice(4)}` } : undefined;
  }
  const [, variant, version = "16", numbers = "", salt = "", digest = ""] = ARGON2.exec(stored) ?? [];
  if (variant === undefined) return readImportedFormat(stored);
  const {
    m = 0,
    t = 0,
    p = 0,
  } = Object.fromEntries([...numbers.matchAll(/([mtp])=(\d+)/g)].map(([, name, value]) => [name, Number(value)]));
  const format: Argon2Format = {
    kind: "argon2",
    variant: variant as Argon2Format["variant"],
    version: Number(version),
    memory: m,
    iterations: t,
    parallelism: p,
    salt: Buffer.from(salt, "base64"),
    digest: Buffer.from(digest, "base64"),
  };
  return isSane(format) ? format : undefined;
};

const isSane = ({ version, memory, iterations, parallelism, salt, digest }: Argon2Format): boolean =>
  (version === 16 || version === 19) &&
  parallelism >= 1 &&
  parallelism <= 255 &&
  iterations >= 1 &&
  memory >= 8 * parallelism &&
  salt.length >= 8 &&
  digest.length >= 4 &&
  digest.length <= 512;

/**
 * What is wrong with the cost of a stored hash, as a sentence that quotes
 * nothing of the hash; undefined when it may be compared with. Whoever can
 * import hashes could otherwise buy hours of work with one sign-in.
 */
export const findCostFault = (format: HashFormat, most: HashCost): string | undefined => {
  if (format.kind === "bcrypt")
    return format.cost > most.bcrypt ? `bcrypt cost ${format.cost} is above ${most.bcrypt}` : undefined;
  if (format.kind === "imported") return findImportedCostFault(format, most.argon2_memory);
  if (format.memory > most.argon2_memory)
    return `argon2 memory of ${format.memory} KiB is above ${most.argon2_memory} KiB`;
  return format.iterations > most.argon2_iterations
    ? `${format.iterations} argon2 iterations are above ${most.argon2_iterations}`
    : undefined;
};

/**
 * What a hash costs to compare with, for telling apart what takes a different time: algorithm and parameters, nothing
 * of the hash itself.
 */
export const hashKindOf = (stored: string | undefined): string => {
  const format = stored === undefined ? undefined : readHashFormat(stored);
  if (format === undefined) return "none";
  if (format.kind === "imported") return format.name;
  return format.kind === "bcrypt"
    ? `bcrypt ${format.cost}`
    : `${format.variant} ${format.memory} ${format.iterations} ${format.parallelism}`;
};

/** Writes the PHC string, parameters in the order that every reader takes. */
export const writeArgon2 = ({
  variant,
  version,
  memory,
  iterations,
  parallelism,
  salt,
  digest,
}: Omit<Argon2Format, "kind">): string =>
  `$${variant}$v=${version}$m=${memory},t=${iterations},p=${parallelism}$${unpadded(salt)}$${unpadded(digest)}`;

const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
