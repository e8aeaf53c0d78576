import { describe, expect, it } from "vitest";
import { messageTemplates } from "../../../src/courier/message.ts";
import { loadText, mistakesOf } from "./write-config.ts";

const smtpOf = (uri: string) => loadText(`courier: { smtp: { connection_uri: "${uri}" } }`).config.courier.smtp;

describe("a mail server", () => {
  it.each([
    ["smtp://mail.example.com/", { host: "mail.example.com", port: 587, implicit_tls: false, auth: undefined }],
    ["smtps://mail.example.com", { port: 465, implicit_tls: true, skip_ssl_verify: false }],
    ["smtps://test:test@mailslurper:1025/?skip_ssl_verify=true", { port: 1025, skip_ssl_verify: true }],
    ["smtp://u%40example.com:a%2Fb@[::1]:25/?disable_starttls=true", { host: "::1", port: 25, disable_starttls: true }],
    ["smtp://u%40example.com:a%2Fb@h/", { auth: { user: "u@example.com", password: "a/b" } }],
    ["smtp://u:50%off@h/", { auth: { user: "u", password: "50%off" } }],
    ["smtp://h/?server_name=mail.example.com", { server_name: "mail.example.com" }],
  ])("is read from %s", (uri, expected) => {
    expect(smtpOf(uri)).toMatchObject(expected);
  });

  it.each(["http://h/", "smtp://", "mail.example.com:25", "smtp:/h"])("is not %s, which is not repeated", (uri) => {
    const [mistake] = mistakesOf(`courier: { smtp: { connection_uri: "${uri}" } }`);
    expect(mistake).toContain("must be smtp://user:password@host:587/");
    expect(mistake).not.toContain(`"${uri}"`);
  });

  it("that is left out is none, and mails are from the host of the public URL", () => {
    const { courier } = loadText("serve: { public: { base_url: 'https://id.example.com/' } }").config;
    expect(courier).toMatchObject({
      smtp: undefined,
      sender: { address: "no-reply@id.example.com", name: "Ostiary", headers: {} },
      message_retries: 5,
    });
  });

  it("in the clear or without a certificate deserves a word", () => {
    const warnings = (uri: string) => loadText(`courier: { smtp: { connection_uri: "${uri}" } }`).warnings.join("\n");
    expect(warnings("smtp://mail.example.com/?disable_starttls=true")).toContain("disable_starttls: codes and links");
    expect(warnings("smtp://mail.example.com/?skip_ssl_verify=true")).toContain("skip_ssl_verify: whoever is between");
    expect(warnings("smtp://127.0.0.1/?disable_starttls=true")).not.toContain("disable_starttls");
  });
});

it("that is missing deserves a word where something sends mails", () => {
  const warnings = (text: string) => loadText(text).warnings.join("\n");
  const verifying = "selfservice: { flows: { verification: { enabled: true } } }";
  expect(warnings(verifying)).toContain("no mail can be sent, though selfservice.flows.verification.enabled is on");
  expect(warnings(`${verifying}\ncourier: { smtp: { connection_uri: 'smtps://h/' } }`)).not.toContain(
    "no mail can be sent",
  );
  expect(warnings(`dev: true\n${verifying}`)).not.toContain("no mail can be sent");
});

describe("what would break a mail or a request", () => {
  it.each([
    ["smtp: { from_address: 'A <a@example.com>' }", "courier.smtp.from_address: must be an address"],
    ['smtp: { from_name: "a\\r\\nBcc: b@example.com" }', "courier.smtp.from_name: must be a text of one line"],
    ['smtp: { headers: { X-A: "a\\nb" } }', "must be a text of one line"],
    ["smtp: { headers: { 'X A': b } }", "courier.smtp.headers.X A: is no name of a header"],
    ["smtp: { headers: { Subject: b } }", "courier.smtp.headers.Subject: is a header that every mail has already"],
    ["smtp: { local_name: 'a b' }", "courier.smtp.local_name: must be the name of a host"],
    ["smtp: { client_cert_path: a.pem }", "client_cert_path: needs both client_cert_path and client_key_path"],
    ["smtp: { client_cert_path: no.pem, client_key_path: no.key }", "client_cert_path: cannot be read"],
    ["delivery_strategy: http", "courier.http.request_config.url: is missing"],
    ["delivery_strategy: pigeon", "courier.delivery_strategy: must be one of smtp, http"],
    ["channels: [{ id: sms }]", "courier.channels[0].request_config.url: is missing"],
    ["channels: [{ request_config: { url: 'https://a.example/' } }]", "courier.channels[0].id: is missing"],
    [
      "channels: [{ id: sms, request_config: { url: 'https://a.example/', auth: { type: api_key, config: { " +
        "name: x } } } }]",
      "courier.channels[0].request_config.auth.config.value: is missing",
    ],
    [
      "http: { request_config: { url: 'https://a.example/', headers: { a: \"b\\nc\" } } }",
      "courier.http.request_config.headers.a: is no header",
    ],
    ["message_retries: -1", "courier.message_retries: must be >= 0"],
    ["templates: { recovery_code: { valid: { email: { subject: 'ftp://x' } } } }", "must begin with file://"],
    [
      "templates: { recovery_codes: {} }",
      'courier.templates.recovery_codes: unknown key; did you mean "recovery_code"?',
    ],
  ])("ends the start: %s", (text, mistake) => {
    expect(mistakesOf(`courier: { ${text} }`).join("\n")).toContain(mistake);
  });
});

describe("the texts of a message", () => {
  it.each(messageTemplates)("can be replaced by key: %s", (template) => {
    const [, name, variant] = /^(.*)_(valid|invalid)$/.exec(template) ?? [undefined, template];
    const email = "{ email: { subject: 'https://texts.example.com/subject' } }";
    const texts = variant === undefined ? email : `{ ${variant}: ${email} }`;
    const { templates } = loadText(`courier: { templates: { ${name}: ${texts} } }`).config.courier;
    expect(templates).toMatchObject([{ template, part: "email.subject", url: "https://texts.example.com/subject" }]);
  });
});
