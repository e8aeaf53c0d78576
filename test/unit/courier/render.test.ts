import { describe, expect, it } from "vitest";
import { messageLanguages } from "../../../src/courier/locale.ts";
import { type MessageData, messageTemplates } from "../../../src/courier/message.ts";
import { createRenderMessage, type ReadableMessage } from "../../../src/courier/render.ts";

const render = createRenderMessage({ service: "Acme & Co", overrides: new Map(), log: { warn: () => undefined } });
const messageOf = (more: Partial<ReadableMessage>, data: MessageData = {}): ReadableMessage => ({
  id: "0192d1c0-0000-7000-8000-000000000000",
  status: "processing",
  channel: "email",
  template: "verification_code_valid",
  recipient: "ann@example.com",
  sendCount: 1,
  lost: 0,
  dispatches: [],
  expiresAt: new Date("2030-01-01T00:00:00Z"),
  createdAt: new Date("2026-11-27T12:00:00Z"),
  updatedAt: new Date("2026-11-27T12:00:00Z"),
  ...more,
  content: { language: "en", data, requestUrl: "http://127.0.0.1/", ...more.content },
});
const full: MessageData = {
  code: "135790",
  url: "https://id.example.com/self-service/verification?flow=0192d1c0-0000-7000-8000-000000000000&code=135790",
  expiresInMinutes: 10,
  newAddress: "new@example.com",
  name: "YubiKey",
};

describe.each(messageLanguages)("in %s", (language) => {
  const content = { language, data: full, requestUrl: "http://127.0.0.1/" };

  it.each(messageTemplates)(
    "%s has a subject, a text, HTML and a text for phones, with every value in its place",
    (template) => {
      const mail = render(messageOf({ template, content }));
      const sms = render(messageOf({ template, channel: "sms", content }));
      expect(mail.subject).not.toBe("");
      expect(mail.html).toContain(`lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}"`);
      expect(sms.text).toContain("Acme & Co");
      for (const text of [mail.subject, mail.text, mail.html ?? "", sms.text]) {
        expect(text).not.toMatch(/\{\w*\}|\{\{|undefined|null/);
        expect(text.trim()).not.toBe("");
      }
      if (!template.endsWith("_code_valid")) return;
      for (const text of [mail.text, mail.html ?? "", sms.text]) expect(/\b\d{6}\b/.exec(text)?.[0]).toBe("135790");
    },
  );

  it("is written the way that the language is", () => {
    const { html = "" } = render(messageOf({ content }));
    expect(html).toContain(`text-align:${language === "ar" ? "right" : "left"};color`);
    expect(html).not.toContain(`text-align:${language === "ar" ? "left" : "right"};color`);
  });

  it("no text but those with a code has six digits that look like one", () => {
    const { text, html, subject } = render(
      messageOf({ template: "password_changed", content: { ...content, data: {} } }),
    );
    expect(`${subject}${text}${html}`).not.toMatch(/\b\d{6}\b/);
  });

  it("says how long a code is good for", () => {
    const text = (minutes: number) =>
      render(messageOf({ content: { ...content, data: { code: "135790", expiresInMinutes: minutes } } })).text;
    const unit = (minutes: number, name: string) =>
      new Intl.NumberFormat(`${language}-u-nu-latn`, { style: "unit", unit: name, unitDisplay: "long" }).format(
        minutes,
      );
    expect(text(10)).toContain(unit(10, "minute"));
    expect(text(60)).toContain(unit(1, "hour"));
    expect(text(2880)).toContain(unit(2, "day"));
  });
});

describe("what comes from people", () => {
  const nasty = `"><script>alert(1)</script>\r\nBcc: eve@example.com`;

  it("is escaped in HTML, and never begins a line of its own in a subject", () => {
    const mail = render(messageOf({ template: "authenticator_key_added" }, { name: nasty, newAddress: nasty }));
    expect(mail.html).not.toContain("<script>alert");
    expect(mail.html).toContain("&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(mail.subject).not.toMatch(/[\r\n]/);
  });

  it("stands apart where it is written the other way, and turns nothing behind it", () => {
    const changed = (language: "ar" | "de" | "en", newAddress: string) =>
      render(
        messageOf({
          template: "verifiable_address_changed",
          content: { language, data: { newAddress }, requestUrl: "" },
        }),
      );
    for (const { text, html = "" } of [changed("ar", "new@example.com"), changed("en", "משה@example.com")]) {
      expect(text).toMatch(/\u2068[^\u2068\u2069]+@example\.com\u2069/);
      expect(html).toMatch(/\u2068[^\u2068\u2069]+@example\.com\u2069/);
    }
    expect(changed("de", "new@example.com").text).not.toMatch(/[\u2066-\u2069]/);
    expect(changed("en", "\u202enew\u2069@example.com").text).toContain(": new@example.com\n");
  });

  it("is no part of a link in a text to a phone", () => {
    const content = { language: "ar" as const, data: { url: "https://id.example.com/a" }, requestUrl: "" };
    const { text } = render(messageOf({ template: "recovery_valid", channel: "sms", content }));
    expect(text).toMatch(/https:\/\/id\.example\.com\/a(?![\u2066-\u2069])/);
  });

  it("makes no link but one of the web", () => {
    const mail = render(messageOf({ template: "recovery_valid" }, { url: "javascript:alert(1)" }));
    expect(mail.html).not.toMatch(/href="javascript/);
  });
});
