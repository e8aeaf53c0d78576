import type { Answer } from "./http-client.ts";

/*
 * What differs from run to run is replaced by a placeholder; what is left is what
 * clients act on. Wording is ours: of a message its id, type and context count,
 * and its text only where the document of the settings flow prints it.
 */

const worded = new Set([1050001, 1050002, 1050003, 1070001, 1070002, 1070003]);
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const time = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})/g;
const nobody = "00000000-0000-0000-0000-000000000000";

const tokenKeys = new Set([
  "challenge",
  "user_handle",
  "secret",
  "totp_secret",
  "next_page_token",
  "recovery_code",
  "session_token_exchange_code",
]);
const wordKeys = new Set(["hint", "docs", "reject_reason"]);
const timeKeys = new Set(["since", "expires_in"]);
const scriptKeys = new Set(["src", "integrity", "nonce"]);
const mailKeys = new Set(["subject", "body", "send_count"]);
const debugKeys = new Set(["debug", "request"]);
const headerNames = [
  "location",
  "content-type",
  "cache-control",
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "www-authenticate",
  "allow",
  "link",
];

/** Where the parties of a run are. The exchanges were recorded with a provider on port 4446. */
export interface Parties {
  readonly publicUrl: string;
  readonly adminUrl: string;
  readonly providerPort: number;
  /** What the names of the run's people end in. */
  readonly run: string;
}

/** An answer in the form in which it is recorded. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** Replaces what differs between runs, in the answers of one scenario. */
export interface Normaliser {
  /** Replaces a value that only this scenario knows by `{name}` from now on. */
  hide(value: string | undefined, name: string): void;
  text(value: string): string;
  answer(answer: Answer): RecordedAnswer;
}

type Fields = Readonly<Record<string, unknown>>;

/** Creates a normaliser for one scenario: ids are numbered as they come. */
export const createNormaliser = ({ publicUrl, adminUrl, providerPort, run }: Parties): Normaliser => {
  const ids = new Map<string, number>();
  const secrets = new Map<string, string>();

  const text = (value: string): string => {
    let shown = value;
    for (const [secret, name] of secrets) shown = shown.replaceAll(secret, name);
    return shown
      .replaceAll(publicUrl, "{public}")
      .replaceAll(encodeURIComponent(publicUrl), "{public%}")
      .replaceAll(adminUrl, "{admin}")
      .replaceAll(`127.0.0.1:${providerPort}`, "127.0.0.1:4446")
      .replaceAll(`127.0.0.1%3A${providerPort}`, "127.0.0.1%3A4446")
      .replaceAll(`-${run}@`, "@")
      .replaceAll(`-${run}%40`, "%40")
      .replaceAll(`-${run}`, "")
      .replaceAll(`-${run.toUpperCase()}`, "")
      .replace(time, "{time}")
      .replace(/ory_(?:st|lo|ac|at)_[A-Za-z0-9]+/g, "{token}")
      .replace(/data:image\/png;base64,[A-Za-z0-9+/=]+/g, "{png}")
      .replace(/(state|code_challenge|nonce)=[^&"<\s]+/g, "$1={random}")
      .replace(/csrf_token_[0-9a-f]{64}/g, "csrf_token_{hash}")
      .replace(/expired [\d.]+ minutes ago/, "expired {n} minutes ago")
      .replace(/page_token=[^&>"\s]+/g, "page_token={page}")
      .replace(/\$(?:argon2id|2[aby])\$[A-Za-z0-9./+=,$]+/g, "{hash}")
      .replace(uuid, (id) => {
        if (id === nobody) return id;
        if (!ids.has(id)) ids.set(id, ids.size + 1);
        return `{id:${ids.get(id)}}`;
      });
  };

  const string = (value: string, key: string, parent: Fields): unknown => {
    if (/^\{"publicKey"|^\{"credentialOptions"/.test(value)) return { parsed: json(JSON.parse(value)) };
    return placeholderOf(value, key, parent) ?? text(value);
  };

  const json = (value: unknown, key = "", parent: Fields = {}): unknown => {
    if (typeof value === "string") return string(value, key, parent);
    if (typeof value === "number") return key.endsWith("_unix") || timeKeys.has(key) ? "{number}" : value;
    if (Array.isArray(value)) return value.map((each) => json(each, key, parent));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !(debugKeys.has(name) && "code" in value))
        .map(([name, member]) => {
          const hidden = hiddenOf(value as Fields, name, member);
          return hidden === undefined ? [text(name), json(member, name, value as Fields)] : [name, hidden];
        }),
    );
  };

  const cookie = (line: string): string => {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    const shown = attributes.map((each) =>
      each
        .replace(/^expires=.*/i, "Expires={time}")
        .replace(/^max-age=(\d+)/i, (_, age) => `Max-Age=${ageOf(Number(age))}`),
    );
    return `${text(pair.slice(0, at))}=${pair.slice(at + 1) === "" ? "" : "{value}"}; ${shown.sort().join("; ")}`;
  };

  const answer = ({ path, status, headers: received, setCookies, text: body, data }: Answer): RecordedAnswer => {
    const headers: Record<string, unknown> = {};
    for (const name of headerNames) {
      const value = received.get(name);
      if (value) headers[name] = text(value);
    }
    // Whether whoami sends the cookie again depends on how the database rounds its expiry.
    const cookies = setCookies.filter((line) => path !== "/sessions/whoami" || !line.startsWith("ory_kratos_session="));
    if (cookies.length > 0) headers["set-cookie"] = cookies.map(cookie).sort();
    // Nobody acts on what a redirect or a plain text says.
    if (status >= 300 && status < 400) {
      const { "content-type": _, ...rest } = headers;
      return { status, headers: rest, body: "" };
    }
    return { status, headers, body: data === undefined ? body && "{text}" : json(data) };
  };

  return {
    hide: (value, name) => {
      if (value) secrets.set(value, `{${name}}`);
    },
    text,
    answer,
  };
};

/** What stands for a text that differs from run to run; undefined for any other. */
const placeholderOf = (value: string, key: string, parent: Fields): string | undefined => {
  if (key === "value" && parent.name === "csrf_token") return value === "" ? "" : "{csrf}";
  if (key === "id" && "displayName" in parent) return "{user handle}";
  if (tokenKeys.has(key)) return `{${key}}`;
  if (/^initial_(?:id|access|refresh)_token$/.test(key)) return value === "" ? "" : `{${key}}`;
  return parent.node_type === "script" && scriptKeys.has(key) ? `{${key}}` : undefined;
};

/** What stands for a member that is not compared; undefined for any other. */
const hiddenOf = (parent: Fields, key: string, member: unknown): string | undefined => {
  if (isWording(parent, key, member)) return "{text}";
  const isMail = "template_type" in parent && "recipient" in parent;
  if ((isMail && mailKeys.has(key)) || key === "dispatches") return `{${key}}`;
  if (typeof member !== "string") return undefined;
  if (key === "ip_address") return "{address}";
  return key === "onclick" ? member.replace(/\(.*\)/s, "({options})") : undefined;
};

const isWording = (parent: Fields, key: string, member: unknown): boolean => {
  const isMessage = typeof parent.id === "number" && "text" in parent && "type" in parent;
  if (isMessage && key === "text" && !worded.has(parent.id as number)) return typeof member === "string";
  const isError = "code" in parent && "message" in parent;
  if (isError && (key === "message" || key === "reason")) return true;
  return (key === "reason" && typeof member === "string") || wordKeys.has(key);
};

const ageOf = (seconds: number): string => {
  if (seconds > 3e7) return "a year";
  return seconds > 8e4 && seconds <= 86_400 ? "a day" : String(seconds);
};
