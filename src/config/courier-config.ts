/** `courier`: how messages to people are sent, and what says what they say. Durations are milliseconds. */
export interface CourierConfig {
  /** Undefined: no mail server is configured. */
  readonly smtp: SmtpConfig | undefined;
  readonly sender: SenderConfig;
  readonly delivery_strategy: "smtp" | "http";
  readonly http: HttpDeliveryConfig | undefined;
  /** Texts to phones. */
  readonly sms: HttpDeliveryConfig | undefined;
  /** Texts of the configuration, each with the key it stands at. */
  readonly templates: readonly TemplateSource[];
  /** Absolute path. */
  readonly template_override_path: string | undefined;
  readonly message_retries: number;
  readonly retry_delay: number;
  /** Of one attempt. */
  readonly timeout: number;
  readonly worker: { readonly pull_count: number; readonly pull_wait: number };
}

/** A mail server. */
export interface SmtpConfig {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise STARTTLS. */
  readonly implicit_tls: boolean;
  readonly disable_starttls: boolean;
  readonly skip_ssl_verify: boolean;
  /** The name in the server's certificate; undefined: the host. */
  readonly server_name: string | undefined;
  readonly auth: { readonly user: string; readonly password: string } | undefined;
  /** Absolute paths of PEM files. */
  readonly client_certificate: { readonly cert: string; readonly key: string } | undefined;
  readonly local_name: string;
  /** `clients.smtp.disallow_private_ip_ranges`. */
  readonly disallow_private: boolean;
}

/** Whom mails are from, and what all of them have. */
export interface SenderConfig {
  readonly address: string;
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request to another service, which delivers. */
export interface HttpDeliveryConfig {
  /** Where it stands in the configuration: `courier.http.request_config`. */
  readonly path: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `file://` (absolute), `base64://` or `https://`; undefined: the body that the server has. */
  readonly body: string | undefined;
  /** What texts to phones are from. */
  readonly from: string | undefined;
  readonly auth:
    | { readonly type: "api_key"; readonly name: string; readonly value: string; readonly in: "header" | "cookie" }
    | { readonly type: "basic_auth"; readonly user: string; readonly password: string }
    | undefined;
}

/** One text of the configuration. */
export interface TemplateSource {
  /** `courier.templates.recovery_code.valid.email.subject`. */
  readonly path: string;
  /** `recovery_code_valid`. */
  readonly template: string;
  readonly part: "email.subject" | "email.body.html" | "email.body.plaintext" | "sms.body.plaintext";
  /** As `HttpDeliveryConfig.body`. */
  readonly url: string;
}
