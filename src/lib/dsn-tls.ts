import { DsnError } from "./dsn-error.ts";

/** What a DSN says of TLS. Files are as they were written. */
export interface DsnTls {
  /**
   * `verify` checks the certificate and the name in it, `authority` the
   * certificate alone, `any` takes every certificate; `preferred` is `any` where
   * the server can, else clear text.
   */
  readonly mode: "off" | "preferred" | "any" | "authority" | "verify";
  /** Authorities that are trusted instead of the usual ones, PEM. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly versions: readonly ("TLSv1.2" | "TLSv1.3")[];
}

type Mode = DsnTls["mode"];

/** A parameter as it was written, under its name without `-`, `_` and capitals. */
export interface Written {
  readonly name: string;
  readonly text: string;
}

const words: Readonly<Record<Mode, readonly string[]>> = {
  off: ["false", "0", "f", "off", "no", "none", "disable", "disabled"],
  preferred: ["preferred", "prefer", "allow"],
  any: ["skipverify", "require", "required", "trust", "acceptinvalidcerts"],
  authority: ["verifyca"],
  verify: ["true", "1", "t", "on", "yes", "verifyfull", "verifyidentity", "strict"],
};

const modeOf = new Map(
  Object.entries(words).flatMap(([mode, list]) => list.map((word) => [word, mode as Mode] as const)),
);

/** Parameters that say the whole of it, by any driver's name. */
const wholes = ["tls", "ssl", "sslmode", "sslaccept"];
const files = {
  ca: ["sslca", "sslrootcert", "serversslcert"],
  cert: ["sslcert", "clientsslcert"],
  key: ["sslkey", "clientsslkey"],
} as const;
/** Switches, and what they say when they are on. */
const flags = {
  use: ["usessl"],
  require: ["requiressl"],
  chain: ["verifyservercertificate", "sslverifycert", "sslverifyservercert", "rejectunauthorized"],
  name: ["sslverifyidentity", "sslcheckhostname", "verifyidentity"],
  trusting: ["trustservercertificate"],
  nameless: ["disablesslhostnameverification"],
} as const;

/** The names of the parameters that this file reads. */
export const tlsNames: ReadonlySet<string> = new Set([
  ...wholes,
  ...Object.values(files).flat(),
  ...Object.values(flags).flat(),
  ...["tlsversion", "tlsversions", "enabledtlsprotocols", "enabledsslprotocolsuites", "allowfallbacktoplaintext"],
]);

/** A name that has to do with TLS, so that it is never passed over. */
export const isAboutTls = (name: string): boolean =>
  /ssl|tls|cert|crypt|secur|pubkey|publickey|verif|trust|keystore|cipher|hostname/.test(name);

/** Reads what the parameters say together. @throws DsnError where they contradict each other */
export const readTls = (parameters: ReadonlyMap<string, Written>): DsnTls => {
  const find = (names: readonly string[]) => names.flatMap((name) => parameters.get(name) ?? []);
  const file = (names: readonly string[]) => find(names).map(({ text }) => text)[0] || undefined;
  const flag = (names: readonly string[]) => find(names).map(readFlag)[0];

  const [ca, cert, key] = [file(files.ca), file(files.cert), file(files.key)];
  if ((cert === undefined) !== (key === undefined))
    throw new DsnError(
      "the dsn needs both ssl_cert and ssl_key, for a certificate of its own; the authority that the server's " +
        "is checked against is ssl_ca",
    );
  const given = find(wholes).map((written) => ({ ...written, mode: readWhole(written) }));
  if (new Set(given.map(({ mode }) => mode)).size > 1)
    throw new DsnError(`the dsn's parameters ${given.map(({ name }) => name).join(" and ")} contradict each other`);
  if (find(["allowfallbacktoplaintext"]).map(readFlag)[0] === true)
    throw new DsnError(
      "the dsn's parameter allowFallbackToPlaintext is not there: say tls=preferred, which takes every " +
        "certificate as well",
    );

  const chain = flag(flags.chain) ?? (flag(flags.trusting) === true ? false : undefined);
  const name = flag(flags.name) ?? (flag(flags.nameless) === true ? false : undefined);
  const isAsked = ca !== undefined || cert !== undefined || chain === true || name === true;
  const [use, require] = [flag(flags.use), flag(flags.require)];
  const mode =
    given[0]?.mode ??
    (use === undefined && require === undefined
      ? isAsked
        ? "verify"
        : chain === false
          ? "preferred"
          : "off"
      : byFlags(use, require, chain));
  if (mode === "off" && (isAsked || require === true || (use === true && given.length > 0)))
    throw new DsnError("the dsn switches TLS off and asks for it: leave one out");
  return {
    mode: adjust(mode, { chain, name, ca }),
    ca,
    cert,
    key,
    versions: readVersions(find(["tlsversion", "tlsversions", "enabledtlsprotocols", "enabledsslprotocolsuites"])),
  };
};

/**
 * What useSSL, requireSSL and verifyServerCertificate say together. Their driver falls back to clear text where
 * useSSL stands alone; who asks for TLS gets it here.
 */
const byFlags = (use: boolean | undefined, require: boolean | undefined, chain: boolean | undefined): Mode => {
  if (use === false) return "off";
  if (chain === true) return "authority";
  return use === true || require === true ? "any" : "off";
};

/**
 * The switches beside a mode make it stricter or laxer, as they say. An authority that is named is there to be
 * checked.
 */
const adjust = (
  mode: Mode,
  {
    chain,
    name,
    ca,
  }: { readonly chain?: boolean | undefined; readonly name?: boolean | undefined; readonly ca?: string | undefined },
): Mode => {
  if (mode === "off") return mode;
  if (chain === false) {
    if (name === true)
      throw new DsnError("the dsn asks to check the server's name and not its certificate: leave one out");
    return mode === "preferred" ? mode : "any";
  }
  const checked =
    mode === "preferred" || mode === "any"
      ? chain === true || name === true || ca !== undefined
        ? "authority"
        : mode
      : mode;
  if (name === true) return "verify";
  return name === false && checked === "verify" ? "authority" : checked;
};

const readFlag = ({ name, text }: Written): boolean => {
  if (/^(?:1|t|true|on|yes)$/i.test(text)) return true;
  if (/^(?:0|f|false|off|no)$/i.test(text)) return false;
  throw new DsnError(`the dsn's parameter ${name} must be true or false`);
};

const readWhole = ({ name, text }: Written): Mode => {
  const mode =
    modeOf.get(text.toLowerCase().replaceAll(/[-_ ]/g, "")) ??
    (text.trim().startsWith("{") ? readOptions(name, text) : undefined);
  if (mode !== undefined) return mode;
  throw new DsnError(
    name === "tls"
      ? "the dsn's parameter tls must be true, false, skip-verify or preferred; an authority of your own is " +
          "named by ssl_ca"
      : `the dsn's parameter ${name} must be disabled, preferred, required, verify_ca or verify_identity`,
  );
};

/** `ssl={"rejectUnauthorized":false}`: options of a driver, as JSON. */
const readOptions = (name: string, text: string): Mode => {
  let options: unknown;
  try {
    options = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (typeof options !== "object" || options === null) throw new DsnError(`the dsn's parameter ${name} is no JSON`);
  const { rejectUnauthorized = true, verifyIdentity = true, ...others } = options as Readonly<Record<string, unknown>>;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new DsnError(
      `the dsn's parameter ${name} holds ${JSON.stringify(other)}, which is not known; files are named by ` +
        "ssl_ca, ssl_cert and ssl_key",
    );
  if (rejectUnauthorized === false) return "any";
  return verifyIdentity === false ? "authority" : "verify";
};

const readVersions = (written: readonly Written[]): DsnTls["versions"] => {
  const list = written
    .flatMap(({ text }) => text.replaceAll(/[[\]'"]/g, "").split(","))
    .map((text) => text.trim())
    .filter((text) => text !== "");
  const known = list.filter((version) => version === "TLSv1.2" || version === "TLSv1.3");
  if (known.length < list.length)
    throw new DsnError(`the dsn's parameter ${written[0]?.name} may name TLSv1.2 and TLSv1.3`);
  return known;
};
