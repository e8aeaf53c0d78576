import { stringifySetCookie } from "cookie";
import { describe, expect, test } from "vitest";
import { formats } from "../../../src/config/formats.ts";
import { loadText, mistakesOf } from "./write-config.ts";

const publicUrl = "serve: { public: { base_url: 'https://accounts.example.com/' } }";

describe("the domain of a cookie", () => {
  test.each([
    "http://accounts.example.com/",
    "example.com:4433",
    "*.example.com",
    "example.com/",
    "exa mple.com",
    "example..com",
    ".",
    "-a.example.com",
    "ex_ample.com",
    "[::1]",
  ])("that is none ends the start: %s", (domain) => {
    const says =
      "must be the name of a domain, such as example.com, without scheme, port, path and *, not " +
      `${JSON.stringify(domain)}`;
    expect(mistakesOf(`cookies:\n  domain: ${JSON.stringify(domain)}`)).toEqual([`2 cookies.domain: ${says}`]);
    expect(mistakesOf(`session: { cookie: { domain: ${JSON.stringify(domain)} } }`)).toEqual([
      `1 session.cookie.domain: ${says}`,
    ]);
  });

  test.each(["example.com", ".example.com", "accounts.example.com", "a-b.Example.com", "127.0.0.1", "localhost"])(
    "may be %s, and a cookie can be made of it",
    (domain) => {
      expect(loadText(`cookies: { domain: ${domain} }`).config.cookies.domain).toBe(domain);
      expect(stringifySetCookie({ name: "a", value: "b", domain })).toContain(`Domain=${domain}`);
    },
  );

  test("that is empty is none", () => {
    const { config } = loadText("cookies: { domain: '', path: '' }\nsession: { cookie: { domain: '', path: '' } }");
    expect(config.cookies).toMatchObject({ domain: undefined, path: "/" });
    expect(config.session.cookie).toMatchObject({ domain: undefined, path: "/" });
  });

  test.each([
    [
      "cookies: { domain: other.example.org }",
      "cookies.domain is other.example.org, which accounts.example.com, the host of serve.public.base_url, does " +
        "not belong to",
    ],
    [
      "session: { cookie: { domain: id.example.com } }",
      "session.cookie.domain is id.example.com, which accounts.example.com",
    ],
    ["cookies: { domain: ample.com }", "cookies.domain is ample.com, which"],
    ["cookies: { domain: com }", "cookies.domain is com, under which anybody may have a host"],
  ])("that browsers would not take is worth a warning: %s", (text, warning) => {
    expect(loadText(`${publicUrl}\n${text}`).warnings.join("\n")).toContain(warning);
  });

  test.each(["example.com", ".example.com", "accounts.example.com", "Accounts.Example.com"])(
    "that holds for the public port is worth none: %s",
    (domain) => {
      expect(loadText(`${publicUrl}\ncookies: { domain: ${domain} }`).warnings.join("\n")).not.toContain("domain");
    },
  );
});

test.each(["a", "/a;b", "/a\u0007", "/ä", "/a<b"])("a path that no cookie can have ends the start: %j", (path) => {
  const says = "must be a path that begins with /";
  expect(mistakesOf(`cookies: { path: ${JSON.stringify(path)} }`).join()).toContain(`cookies.path: ${says}`);
  expect(mistakesOf(`session: { cookie: { path: ${JSON.stringify(path)} } }`).join()).toContain(
    `session.cookie.path: ${says}`,
  );
});

test("every path that is taken makes a cookie", () => {
  for (let code = 0; code < 256; code++) {
    const path = `/${String.fromCharCode(code)}`;
    if (formats["cookie-path"]?.accepts(path))
      expect(() => stringifySetCookie({ name: "a", value: "b", path })).not.toThrow();
  }
});
