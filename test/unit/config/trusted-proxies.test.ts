import { expect, test } from "vitest";
import { loadText } from "./write-config.ts";

const about = (proxies: string): readonly string[] =>
  loadText(`serve: { public: { host: 'unix:/run/o.sock'${proxies} } }`).warnings.filter((line) =>
    line.includes("trusted_proxies"),
  );

test("a public Unix socket without trusted proxies gives a warning, and starts as it would at Ory Kratos", () => {
  expect(about("").join("\n")).toContain("serve.public.trusted_proxies lacks unix");
  expect(about(", trusted_proxies: [unix]")).toEqual([]);
});
