import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/config/config-error.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Raw } from "../../../src/config/tree.ts";
import type { MessageContent } from "../../../src/courier/message.ts";
import { prepareCourier } from "../../../src/courier/prepare.ts";
import { createRenderMessage } from "../../../src/courier/render.ts";
import { createAddressRules } from "../../../src/lib/outbound/address-rules.ts";
import { createOutboundFetch } from "../../../src/lib/outbound/outbound-fetch.ts";
import { prepareApp } from "../../../src/prepare-app.ts";

const folder = mkdtempSync(path.join(tmpdir(), "ostiary-templates-"));
afterAll(() => rmSync(folder, { recursive: true }));

const treeOf = (name: string, files: Readonly<Record<string, string>>): string => {
  const root = path.join(folder, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
};
const configOf = (courier: Raw) =>
  loadConfig({ files: [], env: {}, overrides: { dev: true, courier, hosted: { name: "Acme" } } }).config;
const content: MessageContent = {
  language: "de",
  data: { code: "135790", url: "https://id.example.com/?flow=f&code=135790", expiresInMinutes: 10 },
  requestUrl: "https://id.example.com/self-service/recovery/browser",
  transientPayload: { brand: "Blue" },
  identity: { id: "i", traits: { name: "Ann <b>", language: "de" } },
};
const write = async (courier: Raw, more: Partial<{ channel: "email" | "sms"; content: MessageContent }> = {}) => {
  const config = configOf(courier);
  const { overrides, faults } = await prepareCourier(
    { courier: config.courier, addressRules: createAddressRules() },
    createOutboundFetch(),
  );
  const logged: string[] = [];
  const render = createRenderMessage({
    service: "Acme",
    overrides,
    log: { warn: (data, message) => logged.push(`${message} ${JSON.stringify(data)}`) },
  });
  const at = new Date("2026-11-27T12:00:00Z");
  const message = {
    id: "0192d1c0-0000-7000-8000-000000000000",
    status: "processing" as const,
    channel: "email" as const,
    template: "recovery_code_valid" as const,
    recipient: "ann@example.com",
    sendCount: 1,
    lost: 0,
    dispatches: [],
    expiresAt: at,
    createdAt: at,
    updatedAt: at,
    content,
    ...more,
  };
  return { ...render(message), faults, logged };
};

describe("templates of a folder", () => {
  it("replace the server's, part by part, and include those beside them", async () => {
    const template_override_path = treeOf("whole", {
      "recovery_code/valid/email.subject.gotmpl": "{{ .TransientPayload.brand }}: code\n",
      "recovery_code/valid/email.body.gotmpl":
        '{{- if eq .Identity.traits.language "de" -}}{{ template "email.body.de.gotmpl" . }}' +
        '{{- else -}}Hello{{- end -}}\n<a href="{{ .RecoveryURL }}">{{ .RecoveryCode }}</a>',
      "recovery_code/valid/email.body.de.gotmpl": "<p>Hallo {{ .Identity.traits.name }}</p>",
      "recovery_code/valid/sms.body.gotmpl": "{{ .RecoveryCode }} for {{ .To }}, {{ .ExpiresInMinutes }} min",
    });
    const mail = await write({ template_override_path });
    expect(mail.subject).toBe("Blue: code");
    expect(mail.html).toBe(
      '<p>Hallo Ann &lt;b&gt;</p><a href="https://id.example.com/?flow=f&amp;code=135790">135790</a>',
    );
    expect(mail.text).toContain("Geben Sie diesen Code ein");
    expect((await write({ template_override_path }, { channel: "sms" })).text).toBe(
      "135790 for ann@example.com, 10 min",
    );
  });

  it("that cannot be used end the start, all at once, with file and line", async () => {
    const template_override_path = treeOf("broken", {
      "recovery_code/valid/email.subject.gotmpl": "{{ .Code }}",
      "verification/invalid/email.body.gotmpl": "<p>\n<script>{{ .To }}</script>",
      "login_code/valid/email.body.gotmpl": '{{ define "u" }}{{ . }}{{ end }}<p>\n<a onclick="{{ template "u" .To }}">',
      "login_code/invalid/email.body.plaintext.gotmpl": "{{ .Identity.traits.name.frist }}",
      "password_changed/email.body.plaintext.gotmpl": "\n\n{{ env `HOME` }}",
    });
    const error = await prepareApp(configOf({ template_override_path })).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).toContain("recovery_code/valid/email.subject.gotmpl, line 1: there is no .Code");
    expect(message).toContain("verification/invalid/email.body.gotmpl, line 2: a value cannot stand within <script>");
    expect(message).toContain(
      'login_code/valid/email.body.gotmpl, line 2: in "u", line 1: a value cannot stand in onclick',
    );
    // The schema of the configuration has no such trait.
    expect(message).toContain(
      "login_code/invalid/email.body.plaintext.gotmpl, line 1: there is no .Identity.traits.name.frist",
    );
    expect(message).toContain("password_changed/email.body.plaintext.gotmpl, line 3: the function env is not there");
  });

  it("that are not there end the start", async () => {
    const faults = (await write({ template_override_path: path.join(folder, "nowhere") })).faults;
    expect(faults).toEqual([{ path: "courier.template_override_path", message: "is no folder that can be read" }]);
  });
});

describe("a template of its own key", () => {
  const base64 = (text: string) => `base64://${Buffer.from(text).toString("base64")}`;
  const of = (email: Raw) => ({ templates: { recovery_code: { valid: { email } } } });

  it("wins over the folder", async () => {
    const template_override_path = treeOf("under", { "recovery_code/valid/email.subject.gotmpl": "folder" });
    const { subject } = await write({ template_override_path, ...of({ subject: base64("key {{ .RecoveryCode }}") }) });
    expect(subject).toBe("key 135790");
  });

  it("that fails for a message gives way to the server's own words, and is logged without a value", async () => {
    const body = { plaintext: base64("{{ define `a` }}{{ template `a` . }}{{ end }}{{ template `a` .RecoveryCode }}") };
    const { text, logged } = await write(of({ body }));
    expect(text).toContain("Geben Sie diesen Code ein");
    expect(logged.join()).toContain("email.body.plaintext");
    expect(logged.join()).not.toContain("135790");
  });

  it("that cannot be read ends the start with its key", async () => {
    const { faults } = await write(of({ subject: "file:///nowhere/at/all.gotmpl" }));
    expect(faults).toEqual([
      { path: "courier.templates.recovery_code.valid.email.subject", message: "cannot be read: ENOENT" },
    ]);
  });

  it("writes no header of its own into a mail", async () => {
    const { subject } = await write(of({ subject: base64("a\r\nBcc: eve@example.com") }));
    expect(subject).toBe("a Bcc: eve@example.com");
  });
});
