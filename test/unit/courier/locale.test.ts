import { describe, expect, it } from "vitest";
import { localeOf } from "../../../src/courier/locale.ts";

describe("the language of a message", () => {
  it.each([
    ["fr-CA,fr;q=0.9,en;q=0.8", "fr"],
    ["nl, de;q=0.5, en;q=0.4", "de"],
    ["en;q=0.2, ja;q=0.9", "ja"],
    ["ar-EG", "ar"],
    ["de;q=0, es", "es"],
    ["tlh", "en"],
    ["*", "en"],
    ["", "en"],
    [undefined, "en"],
    [",;;q=x,==", "en"],
  ])("for Accept-Language %s is %s", (accepted, language) => {
    expect(localeOf({ "accept-language": accepted })).toBe(language);
  });

  it("is the one that the person has chosen on the pages, if there are messages in it", () => {
    const accepted = { "accept-language": "de" };
    expect(localeOf({ ...accepted, cookie: "a=b; hosted_language=ja" })).toBe("ja");
    expect(localeOf({ ...accepted, cookie: "hosted_language=xx" })).toBe("de");
  });
});
