import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { loadText, temporaryFolder } from "./write-config.ts";

describe("secrets", () => {
  test("that are given are used as they are", () => {
    const { secrets } = loadText(
      "secrets: { default: [default-secret-1], cookie: [cookie-secret-123, cookie-secret-old], cipher: " +
        "['12345678901234567890123456789012'], pagination: [page] }",
    ).config;
    expect(secrets).toEqual({
      default: ["default-secret-1"],
      cookie: ["cookie-secret-123", "cookie-secret-old"],
      cipher: ["12345678901234567890123456789012"],
      pagination: ["page"],
    });
  });

  test("that are left out follow from those that are given, each from each, so that they rotate along", () => {
    const one = loadText("secrets: { default: [secret-number-two-2, secret-number-one-1] }").config.secrets;
    const other = loadText("secrets: { default: [secret-number-one-1] }").config.secrets;
    expect(one.cipher).toHaveLength(2);
    expect(one.cipher[1]).toBe(other.cipher[0]);
    expect(one.cookie[0]).not.toBe(one.cipher[0]);
    expect(one.cipher.map((secret) => Buffer.byteLength(secret))).toEqual([32, 32]);
    expect(JSON.stringify([one.cookie, one.cipher])).not.toContain("secret-number");
  });

  test("survive a restart when only the cookie's are given", () => {
    const load = () => loadText("secrets: { cookie: [cookie-secret-123] }");
    expect(load().config.secrets).toEqual(load().config.secrets);
    expect(load().warnings.join("\n")).not.toContain("secrets");
  });

  test("that nobody gave end the start where a database is configured, for they would be lost with the process", () => {
    const load = (more: object = {}) =>
      loadConfig({ files: [], env: { DSN: "mysql://x@tcp(h)/d" }, dataDir: "/nowhere", ...more });
    expect(() => load()).toThrow(/secrets\.default: is missing/);
    expect(() => load({ overrides: { secrets: { cookie: ["sixteen letters!"] } } })).not.toThrow();
    expect(() => load({ needsSecrets: false })).not.toThrow();
  });

  test("beside a private database they are made once and kept for their owner alone", () => {
    const dataDir = path.join(temporaryFolder(), "data");
    const load = () => loadConfig({ files: [], env: {}, dataDir });
    const first = load();
    expect(load().config.secrets).toEqual(first.config.secrets);
    expect(first.warnings.join("\n")).not.toContain("secrets");
    expect(statSync(path.join(dataDir, "secrets.json")).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(dataDir, "secrets.json"), "utf8")).toMatch(/^\{"default":\["[\w-]{32}"\]\}\n$/);
  });

  test("a kept file that cannot be read is named, not replaced", () => {
    const dataDir = temporaryFolder();
    writeFileSync(path.join(dataDir, "secrets.json"), "{");
    expect(() => loadConfig({ files: [], env: {}, dataDir })).toThrow(/secrets\.json: holds no secrets/);
  });
});
