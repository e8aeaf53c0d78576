import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { catalogues } from "../../../src/hosted/catalogues.ts";
import { chooseLanguage, languages } from "../../../src/hosted/language.ts";
import { textsOf } from "../../../src/hosted/texts.ts";
import { messages as code } from "../../../src/methods/code/messages.ts";
import { messages as lookupSecret } from "../../../src/methods/lookup_secret/messages.ts";
import * as oidc from "../../../src/methods/oidc/messages.ts";
import type { RefusalReason } from "../../../src/methods/oidc/refusal.ts";
import { messages as password } from "../../../src/methods/password/messages.ts";
import { messages as totp } from "../../../src/methods/totp/messages.ts";
import { messages as general, type MessageRow } from "../../../src/ui/messages.ts";

const codes = languages.map(({ code }) => code);
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
const english: Readonly<Record<string, string>> = catalogues.en;

/** Every row of the table in docs/messages.md. */
const documented = [
  ...readFileSync(new URL("../../../docs/messages.md", import.meta.url), "utf8").matchAll(
    /^\| (\d{7}) \|.*\|([^|]*)\|[^|]*\|$/gm,
  ),
].map(([, id = "", context = ""]) => ({ id, context: [...context.matchAll(/`(\w+)`/g)].map(([, key]) => key ?? "") }));

describe.each(codes)("the catalogue %s", (code) => {
  const catalogue: Readonly<Record<string, string>> = catalogues[code];

  it("has every text that there is, none that there is not, and none that is empty", () => {
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(english).sort());
    expect(Object.entries(catalogue).filter(([, text]) => text.trim() === "")).toEqual([]);
  });

  it("has a text for every message of the API, which says nothing that the message does not carry", () => {
    expect(documented.length).toBeGreaterThan(80);
    expect(documented.filter(({ id }) => catalogue[`m.${id}`] === undefined)).toEqual([]);
    for (const { id, context } of documented) {
      const texts = Object.entries(catalogue).filter(([key]) => key === `m.${id}` || key.startsWith(`m.${id}.`));
      for (const [key, text] of texts)
        expect([key, placeholders(text).filter((name) => !context.includes(name))]).toEqual([key, []]);
    }
  });

  it("puts the same values into each text as English does", () => {
    const differing = Object.entries(catalogue).filter(
      ([key, text]) => placeholders(text).join() !== placeholders(english[key] ?? "").join(),
    );
    expect(differing).toEqual([]);
  });

  it("is written in its language: but for names and the like, no text is the English one", () => {
    const same = Object.entries(catalogue).filter(
      ([key, text]) => text === english[key] && / /.test(text) && text.length > 25,
    );
    expect(code === "en" ? [] : same).toEqual([]);
  });
});

/** Words that only a familiar form of address has. */
const familiar: Readonly<Record<string, RegExp>> = {
  de: /\b(?:du|dir|dich|dein\w*|euch|euer\w*)\b/i,
  es: /(?<![\wáéíóúñ])(?:tú|tus?|tuy[oa]s?|contigo|has|puedes|tienes|quieres|eres)(?![\wáéíóúñ])/i,
  fr: /(?<![\wàâéèêîôûç’])(?:tu|toi|tes|tien\w*)(?![\wàâéèêîôûç])/i,
};

describe.each(Object.entries(familiar))("in the language %s", (code, words) => {
  it.each(["hosted", "courier"])("the texts of src/%s address people formally", (folder) => {
    const file = new URL(`../../../src/${folder}/languages/${code}.json`, import.meta.url);
    const texts = Object.entries(JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, string>>);
    expect(texts.length).toBeGreaterThan(50);
    expect(texts.filter(([, text]) => words.test(text))).toEqual([]);
  });
});

describe("the catalogues", () => {
  it("know no message that the API does not have", () => {
    const known = new Set(documented.map(({ id }) => id));
    const ids = Object.keys(english).flatMap((key) => (key.startsWith("m.") ? [key.split(".")[1] ?? ""] : []));
    expect(ids.filter((id) => !known.has(id))).toEqual([]);
    const tables: readonly Readonly<Record<string, MessageRow>>[] = [
      ...[general, password, oidc.messages],
      ...[totp, lookupSecret, code],
    ];
    const rows = tables.flatMap((table) => Object.values(table));
    expect(rows.filter(({ id }) => !known.has(String(id)))).toEqual([]);
  });

  it("know what every reason of a provider is about", () => {
    const texts = textsOf("de");
    const reasons: Readonly<Record<RefusalReason, true>> = {
      denied: true,
      provider_error: true,
      unavailable: true,
      misconfigured: true,
      state: true,
      issuer: true,
      no_code: true,
      code: true,
      no_id_token: true,
      malformed: true,
      algorithm: true,
      signature: true,
      audience: true,
      expired: true,
      issued_at: true,
      nonce: true,
      claims: true,
      tokens: true,
    };
    const all = [
      ...Object.keys(reasons).map((reason) => oidc.refusalMessage(reason as RefusalReason)),
      ...[oidc.cannotLink(), oidc.cannotUnlink(), oidc.linkAndUnlink()],
    ];
    const unsaid = texts.message({ id: 4000001, type: "error", text: "" }, { pages: [], parts: [] });
    for (const { text } of all) {
      const said = texts.message(
        { id: text.id, type: "error", text: text.text, context: text.context ?? {} },
        { pages: ["login"], parts: [] },
      );
      expect([text.text, said]).toEqual([text.text, expect.not.stringMatching(unsaid)]);
      expect(said).not.toBe(text.text);
    }
  });
});

describe("a message", () => {
  const say = (id: number, pages: readonly string[], parts: readonly string[], context = {}) =>
    textsOf("en").message({ id, type: "error", text: "as the API says it", context }, { pages, parts });

  it("is said for the page and the field that it stands on", () => {
    expect(say(1070001, ["login"], [])).toBe("Password");
    expect(say(1070001, ["settings"], [])).toBe("New password");
    expect(say(4000002, ["registration"], ["email"])).toBe("Enter your e-mail address.");
    expect(say(4000002, ["registration"], ["password", "password"])).toBe("Choose a password.");
    expect(say(4000007, ["settings"], ["oidc"])).toContain("connected to another person's account");
    expect(say(4000001, [], ["email"], { reason: `"foo" isn't valid "email"` })).toContain(
      "Enter a valid e-mail address",
    );
  });

  it("says the values that it carries, as text", () => {
    expect(say(4000032, [], [], { min_length: 12 })).toBe("Use at least 12 characters.");
    expect(say(1010016, [], [], { duplicate_identifier: "<b>", provider: "Acme" })).toContain("<b>");
  });

  it("that is unknown is as the API says it", () => {
    expect(say(9999999, ["login"], [])).toBe("as the API says it");
  });
});

describe("the language of a page", () => {
  it.each([
    [undefined, undefined, "en"],
    [undefined, "*", "en"],
    [undefined, "sv, nb", "en"],
    [undefined, "pt-BR, es-419;q=0.9, en;q=0.8", "es"],
    [undefined, "en;q=0.1, de-CH;q=0.9", "de"],
    [undefined, "de;q=0, ja", "ja"],
    [undefined, "garbage;;q=x,,ar", "ar"],
    ["fr", "de", "fr"],
    ["tlh", "de", "de"],
  ])("for whoever has chosen %s and asks for %s is %s", (chosen, asked, language) => {
    expect(chooseLanguage(chosen, asked)).toBe(language);
  });
});
