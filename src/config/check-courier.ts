import { parseSmtpUri } from "./smtp-uri.ts";
import { isMap, type Path } from "./tree.ts";
import type { Finding } from "./validate.ts";

/** Finds what makes the courier's part unusable, beyond schema.json. `isReadable` says whether a file can be read. */
export function findCourierFaults(
  courier: unknown,
  isReadable: (path: Path, file: string) => boolean,
): readonly Finding[] {
  if (!isMap(courier)) return [];
  const smtp = isMap(courier.smtp) ? courier.smtp : {};
  return [...findCertificateFaults(smtp, isReadable), ...findHeaderFaults(smtp.headers), ...findRequestFaults(courier)];
}

function findCertificateFaults(
  smtp: Readonly<Record<string, unknown>>,
  isReadable: (path: Path, file: string) => boolean,
): Finding[] {
  const names = ["client_cert_path", "client_key_path"] as const;
  const given = names.filter((name) => smtp[name] !== undefined);
  if (given.length === 1)
    return [{ path: ["courier", "smtp", String(given[0])], message: `needs both ${names.join(" and ")}` }];
  return given.flatMap((name) => {
    const path = ["courier", "smtp", name];
    const file = smtp[name];
    return typeof file !== "string" || isReadable(path, file) ? [] : [{ path, message: "cannot be read" }];
  });
}

/** Headers that the courier writes itself: two of them would be read as it pleases the reader. */
const ownHeaders = /^(?:from|to|cc|bcc|sender|subject|date|message-id|mime-version|content-.*)$/i;

function findHeaderFaults(headers: unknown): Finding[] {
  if (!isMap(headers)) return [];
  return Object.keys(headers).flatMap((name) => {
    const path = ["courier", "smtp", "headers", name];
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return [{ path, message: "is no name of a header" }];
    return ownHeaders.test(name) ? [{ path, message: "is a header that every mail has already" }] : [];
  });
}

function findRequestFaults(courier: Readonly<Record<string, unknown>>): Finding[] {
  const channels = Array.isArray(courier.channels) ? courier.channels : [];
  const requests: readonly (readonly [Path, unknown, boolean])[] = [
    [["courier", "http", "request_config"], below(courier.http), courier.delivery_strategy === "http"],
    [["courier", "sms", "request_config"], below(courier.sms), isMap(courier.sms) && courier.sms.enabled === true],
    ...channels.map(
      (channel, index) => [["courier", "channels", index, "request_config"], below(channel), true] as const,
    ),
  ];
  return [
    ...channels.flatMap((channel, index) =>
      isMap(channel) && channel.id === undefined
        ? [{ path: ["courier", "channels", index, "id"], message: "is missing" }]
        : [],
    ),
    ...channels.flatMap((channel, index) =>
      channels.findIndex((other) => isMap(other) && isMap(channel) && other.id === channel.id) < index
        ? [{ path: ["courier", "channels", index, "id"], message: "is there twice" }]
        : [],
    ),
    ...requests.flatMap(([path, request, isNeeded]) => findFaults(path, request, isNeeded)),
  ];
}

const below = (parent: unknown): unknown => (isMap(parent) ? parent.request_config : undefined);

function findFaults(path: Path, request: unknown, isNeeded: boolean): Finding[] {
  const url = isMap(request) ? request.url : undefined;
  if (url === undefined) return isNeeded ? [{ path: [...path, "url"], message: "is missing" }] : [];
  const headers = isMap(request) && isMap(request.headers) ? Object.entries(request.headers) : [];
  const method = isMap(request) ? request.method : undefined;
  return [
    ...(typeof method === "string" && !/^[A-Za-z]{1,20}$/.test(method)
      ? [{ path: [...path, "method"], message: "is no method of a request" }]
      : []),
    ...headers.flatMap(([name, value]) =>
      !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[\r\n\0]/.test(String(value))
        ? [{ path: [...path, "headers", name], message: "is no header" }]
        : [],
    ),
    ...findAuthFaults([...path, "auth"], isMap(request) ? request.auth : undefined),
  ];
}

const needed: Readonly<Record<string, readonly string[]>> = {
  api_key: ["name", "value"],
  basic_auth: ["user", "password"],
};

function findAuthFaults(path: Path, auth: unknown): Finding[] {
  if (!isMap(auth) || (auth.type === undefined && Object.keys(auth).length < 2)) return [];
  const names = needed[String(auth.type)];
  if (names === undefined) return auth.type === undefined ? [{ path: [...path, "type"], message: "is missing" }] : [];
  const config = isMap(auth.config) ? auth.config : {};
  return names
    .filter((name) => typeof config[name] !== "string" || config[name] === "")
    .map((name) => ({ path: [...path, "config", name], message: "is missing" }));
}

const hasMail = (courier: unknown): boolean =>
  isMap(courier) &&
  (courier.delivery_strategy === "http" || (isMap(courier.smtp) && courier.smtp.connection_uri !== undefined));

/** Warnings at the start. `sends` are the keys of what is enabled and sends messages. */
export function findCourierWarnings(courier: unknown, dev: boolean, sends: readonly string[]): readonly Finding[] {
  const [first] = sends;
  if (!dev && first !== undefined && !hasMail(courier))
    return [
      {
        path: ["courier", "smtp", "connection_uri"],
        message: `is missing: no mail can be sent, though ${first} is on`,
      },
    ];
  const uri = isMap(courier) && isMap(courier.smtp) ? courier.smtp.connection_uri : undefined;
  const parsed = typeof uri === "string" ? parseSmtpUri(uri) : undefined;
  if (parsed === undefined || dev) return [];
  const path = ["courier", "smtp", "connection_uri"];
  const isLocal = /^(?:localhost|127\..*|::1)$/.test(parsed.host);
  return [
    ...(parsed.disable_starttls && !parsed.implicit_tls && !isLocal
      ? [{ path, message: "has disable_starttls: codes and links cross the network in the clear" }]
      : []),
    ...(parsed.skip_ssl_verify
      ? [{ path, message: "has skip_ssl_verify: whoever is between here and the mail server may read what it gets" }]
      : []),
  ];
}
