import { type FieldPath, readFieldPath } from "./fields.ts";

/** `web_hook` as configured. */
export interface WebHookConfig {
  /** Names the hook to its receiver and in the log; undefined: the host of the URL does. */
  readonly id: string | undefined;
  readonly url: string;
  readonly method: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: WebHookAuth | undefined;
  /** The program that makes the body: `file://` (absolute), `base64://` or `https://`. */
  readonly body: string | undefined;
  /** In the place of a program: members of the body by their path, and where in `ctx` each comes from. */
  readonly fields: readonly WebHookField[] | undefined;
  /** It is delivered in the background, whatever the receiver answers. */
  readonly ignoresResponse: boolean;
  /** The receiver may change the person. */
  readonly parsesResponse: boolean;
  /** The receiver may refuse the change. */
  readonly canInterrupt: boolean;
}

/** How the receiver knows the server. */
export type WebHookAuth =
  | { readonly type: "basic_auth"; readonly user: string; readonly password: string }
  | { readonly type: "api_key"; readonly name: string; readonly value: string; readonly in: "header" | "cookie" };

/** A member of the body. */
export interface WebHookField {
  readonly to: readonly string[];
  readonly from: FieldPath;
}

/** Something wrong in a hook's configuration. */
export interface HookFault {
  /** Below the hook's `config`: `auth.type`. */
  readonly path: string;
  readonly message: string;
}

const keys = [
  "id",
  "url",
  "method",
  "headers",
  "auth",
  "body",
  "fields",
  "response",
  "can_interrupt",
  "emit_analytics_event",
];
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

type Raw = Readonly<Record<string, unknown>>;
type Report = (path: string, message: string) => undefined;

/** Reads the `config` of a `web_hook`. Returns everything that is wrong with it otherwise. */
export const readWebHookConfig = (raw: Raw = {}): WebHookConfig | readonly HookFault[] => {
  const faults: HookFault[] = [];
  const report: Report = (path, message) => {
    faults.push({ path, message });
    return undefined;
  };
  for (const key of Object.keys(raw)) if (!keys.includes(key)) report(key, "is no key of a web_hook");
  const response = objectAt(raw, "response", report);
  for (const key of Object.keys(response))
    if (key !== "ignore" && key !== "parse") report(`response.${key}`, "is no key of a response");
  const config: WebHookConfig = {
    id: textAt(raw, "id", report),
    url: readUrl(raw, report),
    method: readMethod(raw, report),
    headers: readHeaders(raw, report),
    auth: readAuth(raw, report),
    body: readBody(raw, report),
    fields: readFields(raw, report),
    ignoresResponse: flagAt(response, "ignore", report, "response.ignore"),
    parsesResponse: flagAt(response, "parse", report, "response.parse"),
    canInterrupt: flagAt(raw, "can_interrupt", report),
  };
  if (config.ignoresResponse && (config.parsesResponse || config.canInterrupt))
    report("response.ignore", "cannot be true where the response is parsed or may interrupt");
  if (config.body !== undefined && config.fields !== undefined) report("fields", "cannot stand beside a body");
  if (sendsBody(config.method) && config.body === undefined && config.fields === undefined)
    report("body", `is missing: ${config.method} sends one. Name a program, or the fields of the body`);
  return faults.length > 0 ? faults : config;
};

/** Whether a request of this method has a body. */
export const sendsBody = (method: string): boolean => ["POST", "PUT", "PATCH"].includes(method);

const readUrl = (raw: Raw, report: Report): string => {
  const text = textAt(raw, "url", report);
  if (text === undefined) return report("url", "is missing") ?? "";
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) report("url", "is no http or https URL");
  else if (url.username !== "" || url.password !== "") report("url", "has a password in it: use auth");
  return text;
};

const readMethod = (raw: Raw, report: Report): string => {
  const method = (textAt(raw, "method", report) ?? "").toUpperCase();
  if (!methods.includes(method)) report("method", `must be one of ${methods.join(", ")}`);
  return method;
};

const readHeaders = (raw: Raw, report: Report): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(objectAt(raw, "headers", report)).flatMap(([name, value]) => {
      if (!token.test(name)) report(`headers.${name}`, "is no name of a header");
      if (typeof value === "string" && headerValue.test(value)) return [[name.toLowerCase(), value]];
      report(`headers.${name}`, "is no text that a header may hold");
      return [];
    }),
  );

const readAuth = (raw: Raw, report: Report): WebHookAuth | undefined => {
  if (raw.auth === undefined) return undefined;
  const auth = objectAt(raw, "auth", report);
  const config = objectAt(auth, "config", report, "auth.config");
  const text = (key: string) =>
    textAt(config, key, report, `auth.config.${key}`) ?? report(`auth.config.${key}`, "is missing") ?? "";
  if (auth.type === "basic_auth") return { type: "basic_auth", user: text("user"), password: text("password") };
  if (auth.type !== "api_key") return report("auth.type", "must be basic_auth or api_key");
  const [name, value] = [text("name"), text("value")];
  if (!token.test(name)) report("auth.config.name", "is no name of a header or cookie");
  if (!headerValue.test(value)) report("auth.config.value", "is no text that a header may hold");
  if (config.in !== "header" && config.in !== "cookie") return report("auth.config.in", "must be header or cookie");
  return { type: "api_key", name, value, in: config.in };
};

const readBody = (raw: Raw, report: Report): string | undefined => {
  const body = textAt(raw, "body", report);
  if (body !== undefined && !/^(?:file|base64|https?):\/\//.test(body))
    report("body", "must begin with file://, base64://, https:// or http://");
  return body;
};

const readFields = (raw: Raw, report: Report): readonly WebHookField[] | undefined => {
  if (raw.fields === undefined) return undefined;
  return Object.entries(objectAt(raw, "fields", report)).flatMap(([to, source]): WebHookField[] => {
    const from = typeof source === "string" ? readFieldPath(source) : "must be a path such as ctx.identity.id";
    if (typeof from !== "string") return [{ to: to.split("."), from }];
    report(`fields[${JSON.stringify(to)}]`, from);
    return [];
  });
};

const textAt = (raw: Raw, key: string, report: Report, path = key): string | undefined => {
  const value = raw[key];
  if (value === undefined || typeof value === "string") return value;
  return report(path, "must be a text");
};

const flagAt = (raw: Raw, key: string, report: Report, path = key): boolean => {
  const value = raw[key];
  if (value !== undefined && typeof value !== "boolean") report(path, "must be true or false");
  return value === true;
};

const objectAt = (raw: Raw, key: string, report: Report, path = key): Raw => {
  const value = raw[key];
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Raw;
  report(path, "must be a map");
  return {};
};
