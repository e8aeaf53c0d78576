import { describe, expect, it } from "vitest";
import { validateTraits } from "../../../src/schema/validate.ts";
import { schemaOf } from "./person.ts";

const long = (part: string, times: number) => part.repeat(times);
const fits = (format: string, value: string) =>
  validateTraits(schemaOf({ properties: { a: { type: "string", format } } }), { a: value }).kind === "valid";

describe("formats", () => {
  it.each([
    [
      "email",
      [
        "a@b",
        "ann@example.com",
        "Ann.O'Neil+x@sub.example.co.uk",
        '"a b"@example.com',
        "änn@example.com",
        `${long("a", 64)}@example.com`,
      ],
    ],
    ["email_loose", ["a..b@example.com", "änn.@exämple.com"]],
    ["tel", ["+49 176 42000001", "+12025550143"]],
    ["uri", ["https://example.com/ann", "mailto:ann@example.com", "urn:a:b", "https://exämple.com/ä?q=ü"]],
    ["url", ["https://example.com"]],
    ["uri-reference", ["/a?b#c", "a/b", "https://x"]],
    ["hostname", ["example.com", "localhost", "example.com."]],
    ["regex", ["^a+$"]],
    ["date", ["2024-02-29"]],
    ["date-time", ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00.5+01:00"]],
    ["time", ["12:00:00Z"]],
    ["ipv4", ["127.0.0.1"]],
    ["ip-address", ["127.0.0.1"]],
    ["ipv6", ["::1"]],
    ["uuid", ["6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99"]],
    ["no-validate", ["", "anything at all"]],
    ["a format that nobody knows", ["anything"]],
  ])("%s takes what it should", (format, values) => {
    for (const value of values) expect([value, fits(format, value)]).toEqual([value, true]);
  });

  it.each([
    [
      "email",
      [
        "",
        "x",
        "@b",
        "a@",
        "a@@b",
        "a b@c.d",
        "a@b c",
        "a@-b.c",
        "a@b..c",
        ".a@b.c",
        "a.@b.c",
        "a..b@c.d",
        "Ann <a@b.c>",
        "a@b.c\n",
        '"a\n"@b.c',
        "a@exämple.com",
        `${long("a", 65)}@b.c`,
        `a@${long("a.", 130)}com`,
      ],
    ],
    ["email_loose", ["x", "a b@c.d", "a@", `${long("a", 320)}@b.c`]],
    ["tel", ["123", "0176 42000001", "+49", "call me"]],
    ["uri", ["no uri", "/path", "", "https://", "https://a b", "https://a\n"]],
    ["uri-reference", ["a b", "//["]],
    ["hostname", ["", "-a", "a..b", "a_b", long("a", 64)]],
    ["regex", ["(", "(?=a)"]],
    ["date", ["2023-02-29", "29.2.2024"]],
    ["date-time", ["2024-02-29", "2024-02-29T12:00"]],
    ["ipv4", ["256.0.0.1"]],
  ])("%s refuses what it should", (format, values) => {
    for (const value of values) expect([value, fits(format, value)]).toEqual([value, false]);
  });

  it.each([
    ["email", `${long("a.", 100_000)}@`],
    ["email", `"${long('\\"', 100_000)}`],
    ["email_loose", `${long("a", 300)}@${long("a-", 100_000)}`],
    ["uri", `https://${long("a.", 100_000)} `],
    ["url", `https://${long("a-", 100_000)} `],
    ["hostname", long("a-", 100_000)],
    ["uri-template", `${long("{a,", 50_000)}`],
    ["json-pointer", `${long("/~1", 50_000)}~`],
    ["date-time", long("2", 100_000)],
    ["duration", `P${long("1", 100_000)}`],
    ["ipv6", long(":", 100_000)],
    ["byte", long("A", 100_001)],
  ])("%s does not run away", (format, value) => {
    expect(fits(format, value)).toBe(false);
  });
});
