import { expect, test } from "vitest";
import { loadText, mistakesOf } from "./write-config.ts";

/* `selfservice.allowed_return_urls`, beyond what load.test.ts says of paths and wildcards. */

const withUrls = (...urls: readonly string[]) => `selfservice: { allowed_return_urls: ${JSON.stringify(urls)} }`;

test("entries that Ory Kratos takes, and that no return_to fits, are left out with a warning", () => {
  const useless = ["app.example.com", "com.example.app:/done", "myapp://", "javascript:alert(1)", ""];
  const { config, warnings } = loadText(withUrls("https://app.example.com/", ...useless, "myapp://done"));
  expect(config.selfservice.allowed_return_urls).toEqual(["https://app.example.com/", "myapp://done"]);
  expect(warnings.filter((text) => text.startsWith("selfservice.allowed_return_urls "))).toEqual(
    useless.map(
      (url) =>
        `selfservice.allowed_return_urls ${JSON.stringify(url)} is left out: it has no scheme and host, ` +
        "so that no return_to fits it",
    ),
  );
});

test.each(["https://app.example.com/ x", "https://a.example\u0000"])("%j is a mistake", (url) => {
  expect(mistakesOf(withUrls(url))).toEqual([
    expect.stringMatching(/^1 selfservice\.allowed_return_urls\[0\]: must be an absolute URL/),
  ]);
});

test("an entry that only the numbers of others have made is told by what is wrong with it", () => {
  const env = { SELFSERVICE_ALLOWED_RETURN_URLS_1: "https://app.example.com/" };
  expect(mistakesOf("log: {}", { env })).toEqual([
    "selfservice.allowed_return_urls[0]: is missing: entries are numbered from 0, without gaps",
  ]);
});
