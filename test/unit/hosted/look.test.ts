import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { chooseEncoding, createAsset } from "../../../src/hosted/asset.ts";
import { html, htmlText } from "../../../src/hosted/html.ts";
import { createLook, findLookFaults, type LookOptions } from "../../../src/hosted/look.ts";
import { layOut } from "../../../src/hosted/page.ts";
import { textsOf } from "../../../src/hosted/texts.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "look-"));
  writeFileSync(path.join(folder, "logo.svg"), "<svg/>");
  writeFileSync(path.join(folder, "theme.css"), ":root { --accent: red; }");
  writeFileSync(path.join(folder, "large.png"), Buffer.alloc(300 * 1024));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain: LookOptions = {
  name: "Acme",
  theme: "auto",
  links: { help: undefined, privacy: "https://acme.example/privacy", terms: undefined },
  logo: undefined,
  icon: undefined,
  css: undefined,
};
const at = (name: string): string => path.join(folder, name);
const page = (options: Partial<LookOptions>): string =>
  htmlText(
    layOut(
      { title: "Sign in", body: html`` },
      { texts: textsOf("en"), look: createLook({ ...plain, ...options }), here: "login", root: "" },
    ),
  );

describe("the look of the pages", () => {
  it("is the name, the theme and the links of the configuration", () => {
    const text = page({ theme: "dark" });
    expect(text).toContain("<title>Sign in · Acme</title>");
    expect(text).toContain(`data-theme="dark"`);
    expect(text).toContain(`<a href="https://acme.example/privacy">Privacy</a>`);
    expect(text).not.toContain("Terms");
    expect(page({})).not.toContain("data-theme");
  });

  it("has a logo in place of the name, and styles after the pages' own", () => {
    const text = page({ logo: at("logo.svg"), css: at("theme.css"), icon: at("logo.svg") });
    expect(text).toMatch(/<img class="logo" src="logo\.svg\?v=[\w-]{22}" alt="Acme">/);
    expect(text).toMatch(/href="icon\.svg\?v=/);
    expect(text.indexOf("theme.css?v=")).toBeGreaterThan(text.indexOf("style.css?v="));
  });

  it("names the key of every file that cannot be used", () => {
    const faults = findLookFaults({ ...plain, logo: at("theme.css"), icon: at("large.png"), css: at("nowhere.css") });
    expect(faults.map(({ path: key }) => key)).toEqual(["hosted.logo", "hosted.icon", "hosted.css"]);
    expect(faults.map(({ message }) => message)).toEqual([
      expect.stringContaining("not a kind of file"),
      expect.stringContaining("make every page slow"),
      expect.stringContaining("cannot be read (ENOENT)"),
    ]);
    expect(findLookFaults({ ...plain, logo: at("logo.svg"), css: at("theme.css") })).toEqual([]);
  });

  it("finds files from the folder of the configuration that names them", () => {
    const file = at("hosted.yml");
    writeFileSync(file, "hosted:\n  logo: logo.svg\n  css: ./theme.css\n");
    const { config } = loadConfig({ files: [file], env: {} });
    expect([config.hosted.logo, config.hosted.css, config.hosted.name]).toEqual([
      at("logo.svg"),
      at("theme.css"),
      "Ostiary",
    ]);
  });
});

describe("a file of the pages", () => {
  const asset = createAsset("style.css", "text/css", "a".repeat(2_000));

  it("is sent in the smallest form that the browser takes", () => {
    expect(chooseEncoding(asset, "gzip, deflate, br")).toBe("br");
    expect(chooseEncoding(asset, "br;q=0, gzip")).toBe("gzip");
    expect(chooseEncoding(asset, undefined)).toBe("identity");
    expect(chooseEncoding(createAsset("x", "text/css", "a"), "br")).toBe("identity");
    expect(brotliDecompressSync(asset.bodies.br)).toEqual(asset.bodies.identity);
    expect(gunzipSync(asset.bodies.gzip)).toEqual(asset.bodies.identity);
  });

  it("has another address when it has changed", () => {
    expect(createAsset("style.css", "text/css", "b").path).not.toBe(asset.path);
  });
});
