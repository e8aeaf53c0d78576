import { describe, expect, test } from "vitest";
import { loadText, mistakesOf } from "./write-config.ts";

const withRp = (rp: string, method = "passkey") =>
  `{ serve: { public: { base_url: "https://login.example.com/" } }, selfservice: { methods: { ${method}: { ` +
  `enabled: true, config: { rp: ${rp} } } } } }`;

describe.each(["passkey", "webauthn"])("the relying party of %s", (method) => {
  test("is needed where the method is enabled, and nowhere else", () => {
    expect(mistakesOf(withRp("{}", method)).join("\n")).toContain(`${method}.config.rp.id: is needed`);
    expect(mistakesOf(withRp("{ id: example.com }", method)).join("\n")).toContain("rp.display_name: is needed");
    expect(mistakesOf(`selfservice: { methods: { ${method}: { config: { rp: {} } } } }`)).toEqual([]);
    const empty = `config: { rp: { id: "", display_name: "", origins: [] } }`;
    expect(mistakesOf(`selfservice: { methods: { ${method}: { ${empty} } } }`)).toEqual([]);
    expect(mistakesOf(`selfservice: { methods: { ${method}: { enabled: true, ${empty} } } }`)).toEqual([
      `1 selfservice.methods.${method}.config.rp.id: is needed where the method is enabled`,
      `1 selfservice.methods.${method}.config.rp.display_name: is needed where the method is enabled`,
    ]);
  });

  test.each([
    ["https://example.org", "neither example.com"],
    ["https://evilexample.com", "neither example.com"],
    ["http://login.example.com", "over https:// only"],
    ["login.example.com", "must be an origin"],
    ["android:apk-key-hash:short", "SHA-256 digest"],
  ])("refuses the origin %s", (origin, says) => {
    const rp = `{ id: example.com, display_name: Example, origins: ["https://example.com", "${origin}"] }`;
    expect(mistakesOf(withRp(rp, method)).join("\n")).toMatch(new RegExp(`rp\\.origins\\[1\\].*${says}`));
  });

  test.each([["com"], ["co.uk"], ["github.io"]])("refuses the id %s, under which anybody may have a host", (id) => {
    expect(mistakesOf(withRp(`{ id: ${id}, display_name: X }`, method)).join("\n")).toContain(
      "anybody may have a host",
    );
  });
});

test("origins are as browsers say them; without any it is that of the id", () => {
  const read = (rp: string) => loadText(withRp(rp)).config.selfservice.methods.passkey.rp.origins;
  const app = `android:apk-key-hash:${"a".repeat(43)}`;
  const listed = `["https://Login.example.com:443/path", "${app}"]`;
  expect(read(`{ id: example.com, display_name: X, origins: ${listed} }`)).toEqual(["https://login.example.com", app]);
  expect(read(`{ id: example.com, display_name: X, origin: "https://a.example.com" }`)).toEqual([
    "https://a.example.com",
  ]);
  expect(read("{ id: example.com, display_name: X }")).toEqual(["https://example.com"]);
});
