import path from "node:path";
import { absoluteUrl } from "./absolute-url.ts";
import type { CourierConfig, HttpDeliveryConfig, SmtpConfig, TemplateSource } from "./courier-config.ts";
import type { Origin } from "./origin.ts";
import { createSlice, type Slice } from "./slice.ts";
import { parseSmtpUri } from "./smtp-uri.ts";
import { isMap, type Path, type Raw, valueAt } from "./tree.ts";

/** What the courier's part needs besides itself. */
export interface CourierContext {
  readonly origin: Origin;
  /** `serve.public.base_url`. */
  readonly publicUrl: string;
  /** `hosted.name`. */
  readonly serviceName: string;
  readonly disallowPrivate: boolean;
}

/** Reads `courier`. Files become absolute. */
export function readCourier(courier: Slice, context: CourierContext): CourierConfig {
  const { origin, publicUrl, serviceName } = context;
  const [smtp, worker] = [courier.part("smtp"), courier.part("worker")];
  const overrides = courier.optionalText("template_override_path");
  return {
    smtp: readSmtp(smtp, context),
    sender: {
      address: smtp.optionalText("from_address") ?? `no-reply@${new URL(publicUrl).hostname}`,
      name: smtp.optionalText("from_name") ?? serviceName,
      headers: textsOf(smtp.raw("headers")),
    },
    delivery_strategy: courier.choice("delivery_strategy"),
    http: readRequest(courier.part("http"), ["courier", "http", "request_config"], origin),
    sms: readSms(courier, origin),
    templates: readTemplates(courier.raw("templates"), origin),
    template_override_path:
      overrides === undefined
        ? undefined
        : path.resolve(origin.folder(["courier", "template_override_path"]), overrides.replace(/^file:\/\//, "")),
    message_retries: courier.count("message_retries"),
    retry_delay: courier.duration("retry_delay"),
    timeout: courier.duration("timeout"),
    worker: { pull_count: worker.count("pull_count"), pull_wait: worker.duration("pull_wait") },
  };
}

function readSmtp(smtp: Slice, { origin, disallowPrivate }: CourierContext): SmtpConfig | undefined {
  const uri = smtp.optionalText("connection_uri");
  const parsed = uri === undefined ? undefined : parseSmtpUri(uri);
  if (parsed === undefined) return undefined;
  const file = (key: string) => {
    const given = smtp.optionalText(key);
    return given && path.resolve(origin.folder(["courier", "smtp", key]), given);
  };
  const [cert, key] = [file("client_cert_path"), file("client_key_path")];
  return {
    ...parsed,
    client_certificate: cert === undefined || key === undefined ? undefined : { cert, key },
    local_name: smtp.text("local_name"),
    disallow_private: disallowPrivate,
  };
}

/** `courier.channels`, else the older `courier.sms`. */
function readSms(courier: Slice, origin: Origin): HttpDeliveryConfig | undefined {
  const channels = courier.raw("channels") === undefined ? [] : courier.parts("channels");
  const at = channels.findIndex((channel) => channel.optionalText("id") === "sms");
  const channel = channels[at];
  if (channel !== undefined) return readRequest(channel, ["courier", "channels", at, "request_config"], origin);
  const older = courier.part("sms");
  return older.flag("enabled")
    ? readRequest(older, ["courier", "sms", "request_config"], origin, older.optionalText("from"))
    : undefined;
}

function readRequest(parent: Slice, at: Path, origin: Origin, from?: string): HttpDeliveryConfig | undefined {
  const request = parent.part("request_config");
  const url = request.optionalText("url");
  if (url === undefined) return undefined;
  const body = request.optionalText("body");
  return {
    path: at.join("."),
    url,
    method: request.text("method").toUpperCase(),
    headers: textsOf(request.raw("headers")),
    body: body && absoluteUrl(body, origin.folder([...at, "body"])),
    from,
    auth: readAuth(request.part("auth")),
  };
}

function readAuth(auth: Slice): HttpDeliveryConfig["auth"] {
  const config = auth.part("config");
  const text = (key: string) => config.optionalText(key) ?? "";
  switch (auth.optionalText("type")) {
    case "api_key":
      return { type: "api_key", name: text("name"), value: text("value"), in: config.choice("in") };
    case "basic_auth":
      return { type: "basic_auth", user: text("user"), password: text("password") };
    default:
      return undefined;
  }
}

const parts = ["email.subject", "email.body.html", "email.body.plaintext", "sms.body.plaintext"] as const;

/** `recovery_code.valid.email.subject` is of the template `recovery_code_valid`. */
function readTemplates(templates: unknown, origin: Origin): readonly TemplateSource[] {
  if (!isMap(templates)) return [];
  return Object.entries(templates).flatMap(([name, texts]) => {
    const variants = isMap(texts) ? ["valid", "invalid"].filter((variant) => isMap(texts[variant])) : [];
    return [
      ...variants.flatMap((variant) => readTexts(templates, [name, variant], `${name}_${variant}`, origin)),
      ...readTexts(templates, [name], name, origin),
    ];
  });
}

function readTexts(templates: Raw, at: Path, template: string, origin: Origin): readonly TemplateSource[] {
  const texts = createSlice((valueAt(templates, at) ?? {}) as Raw);
  return parts.flatMap((part) => {
    const url = texts.optionalText(part);
    const place = ["courier", "templates", ...at, ...part.split(".")];
    return url === undefined
      ? []
      : [{ path: place.join("."), template, part, url: absoluteUrl(url, origin.folder(place)) }];
  });
}

const textsOf = (map: unknown): Readonly<Record<string, string>> =>
  isMap(map) ? Object.fromEntries(Object.entries(map).map(([name, value]) => [name, String(value)])) : {};
