import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAllowedUrls } from "../../../src/lib/url.ts";
import "../../setup/seeded.ts";

const resolve = createAllowedUrls({
  allowed: [
    "http://127.0.0.1:4455",
    "https://*.shop.example.com/account",
    "https://app.example.com/a",
    "myapp://callback",
    "javascript:alert(1)",
    "not a url",
    "*",
  ],
  publicUrl: "http://127.0.0.1:4433/",
  defaultUrl: "http://127.0.0.1:4455/home?x=1",
});

describe("an address to return to", () => {
  it.each([
    ["http://127.0.0.1:4455", "http://127.0.0.1:4455"],
    ["http://127.0.0.1:4455/", "http://127.0.0.1:4455/"],
    [
      "http://127.0.0.1:4455/any/path?q=1&r=http://evil.example#f",
      "http://127.0.0.1:4455/any/path?q=1&r=http://evil.example#f",
    ],
    ["HTTP://127.0.0.1:4455/x", "http://127.0.0.1:4455/x"],
    ["https://eu.shop.example.com/account", "https://eu.shop.example.com/account"],
    ["https://a.b.shop.example.com/account/orders", "https://a.b.shop.example.com/account/orders"],
    ["https://EU.Shop.Example.com:443/account", "https://eu.shop.example.com/account"],
    ["https://app.example.com/a", "https://app.example.com/a"],
    ["https://app.example.com/ab", "https://app.example.com/ab"],
    ["https://app.example.com/a/../a/c", "https://app.example.com/a/c"],
    ["myapp://callback", "myapp://callback"],
    ["myapp://callback/done?x=1", "myapp://callback/done?x=1"],
    ["http://127.0.0.1:4433/self-service/settings/browser", "http://127.0.0.1:4433/self-service/settings/browser"],
    ["http://@127.0.0.1:4455/x", "http://127.0.0.1:4455/x"],
    ["/settings?flow=1", "http://127.0.0.1:4455/settings?flow=1"],
    ["/", "http://127.0.0.1:4455/"],
  ])("that the list allows is made absolute: %s", (value, expected) => {
    expect(resolve(value)).toBe(expected);
  });

  it.each([
    "https://shop.example.com/account",
    "https://evilshop.example.com/account",
    "https://eu.shop.example.com/other",
    "https://eu.shop.example.com/account/../other",
    "https://eu.shop.example.com/account/%2e%2e/other",
    "https://eu.shop.example.com:8443/account",
    "https://eu.shop.example.com.evil.example/account",
    "http://eu.shop.example.com/account",
    "https://app.example.com/",
    "https://app.example.com/A",
    "https://127.0.0.1:4455/",
    "http://127.0.0.1/",
    "http://127.0.0.1:4456/",
    "http://localhost:4455/",
    "http://127.0.0.1:4433/admin",
    "http://127.0.0.1:4433/",
    "http://127.0.0.1:4455.evil.example/",
    "http://127.0.0.1:4455@evil.example/",
    "http://user@127.0.0.1:4455/",
    "http://user:pass@127.0.0.1:4455/",
    "https://*.shop.example.com/account",
    "myapp://other",
    "otherapp://callback",
  ])("that the list does not allow is refused: %s", (value) => {
    expect(resolve(value)).toBeUndefined();
  });

  // What attackers write so that a check and a browser read it differently.
  const hosts = [
    "evil.example",
    "127.0.0.1:4455.evil.example",
    "evil.example/127.0.0.1:4455",
    "evil.example?127.0.0.1:4455",
    "evil.example#127.0.0.1:4455",
    "127.0.0.1:4455@evil.example",
    "evil。example",
    "[::1]",
    "0x7f000001",
    "2130706433",
  ];
  const starts = [
    "//",
    "///",
    "////",
    "\\\\",
    "/\\",
    "\\/",
    "/\\/",
    "//\\",
    "/%09/",
    "/\t/",
    "/\n/",
    "/\r/",
    "\t//",
    " //",
    "\u0000//",
    "http:",
    "http:/",
    "http:\\\\",
    "http:/\\",
    "https:",
    "https:///",
    "http:///",
    "hTTps://",
    "//%5c",
    "ht\ttp://",
    "http\n://",
    "http://\u200b",
    "/\u2028/",
    "/.//",
    "/..//",
    "/;//",
    "javascript://",
    "data://",
    "view-source:http://",
    "http://127.0.0.1:4455\\@",
    "http://127.0.0.1:4455%40",
    "http://127.0.0.1:4455%00.",
    "http://127.0.0.1:4455\u3002",
    "http://127.0.0.1:4455%2f@",
    "http://127.0.0.1:4455#@",
    "http://127.0.0.1:4455?@",
    "//127.0.0.1:4455@",
    "//127.0.0.1:4455\\",
  ];
  const scripts = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "\u0001javascript:alert(1)",
    "java\nscript:alert(1)",
    "javascript://127.0.0.1:4455/%0aalert(1)",
    "javascript://callback/%0aalert(1)",
    "data:text/html,<script>",
    "vbscript:msgbox(1)",
    "blob:http://127.0.0.1:4455/x",
    "file:///etc/passwd",
    "about:blank",
    "",
    " ",
    "?",
    "#",
    "foo",
    "./x",
    "../x",
    "?x=1",
    "http://",
    "https://",
    "://",
    "http:",
    "*",
    "https://*",
    "https://*.shop.example.com/account",
  ];

  it("leads to no other place in any spelling", () => {
    const allowedHosts = new Set(["127.0.0.1:4455", "127.0.0.1:4433", "app.example.com", "callback"]);
    let seen = 0;
    for (const value of [...scripts, ...starts.flatMap((start) => hosts.map((host) => start + host)), ...starts]) {
      seen++;
      const answer = resolve(value);
      if (answer === undefined) continue;
      // Whoever gets the answer reads it as a browser does.
      const { host, protocol, username } = new URL(answer);
      expect([value, protocol, allowedHosts.has(host) || host.endsWith(".shop.example.com"), username]).toEqual([
        value,
        expect.stringMatching(/^(https?|myapp):$/),
        true,
        "",
      ]);
    }
    expect(seen).toBeGreaterThan(200);
    for (const value of scripts) expect(resolve(value)).toBeUndefined();
  });

  it("leads to no other place whatever is sent", () => {
    const piece = fc.constantFrom(
      "http",
      "https",
      ":",
      "/",
      "//",
      "\\",
      "@",
      "127.0.0.1:4455",
      "evil.example",
      ".",
      "%2f",
      "%5c",
      "#",
      "?",
      "\t",
      "\n",
      "*",
      "app.example.com",
      "/a",
      ";",
      "[",
      "]",
      "é",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const answer = resolve(pieces.join(""));
        if (answer === undefined) return;
        expect(new URL(answer).host).toMatch(/^(127\.0\.0\.1:44(55|33)|app\.example\.com|[^/]+\.shop\.example\.com)$/);
      }),
      { numRuns: 5_000 },
    );
  });
});
