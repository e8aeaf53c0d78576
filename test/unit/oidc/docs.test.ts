import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findProviderFaults } from "../../../src/config/check-oidc.ts";
import { formats } from "../../../src/config/formats.ts";
import { providerKinds } from "../../../src/config/oidc-config.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { compileDeclarativeMapper, isFaults } from "../../../src/methods/oidc/mapper/declarative-mapper.ts";
import { presets } from "../../../src/methods/oidc/providers/presets.ts";

const read = (name: string) => readFileSync(new URL(`../../../docs/providers/${name}.md`, import.meta.url), "utf8");
const fields = (text: string) =>
  Object.fromEntries([...text.matchAll(/^- \*\*([^:]+):\*\* (.+)$/gm)].map((found) => [found[1], found[2]]));

describe.each(providerKinds)("the page of %s", (kind) => {
  const page = read(kind);
  const example = parse(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "") as readonly Record<string, unknown>[];

  it("says what is registered, what is asked for and what is proven", () => {
    const {
      "Redirect URL": redirect,
      Scopes: scopes,
      "Authenticating again": reauthentication,
      "Linked as": linked,
    } = fields(page);
    expect(redirect).toContain("`<public>/self-service/methods/oidc/callback/<id>`");
    const asked = presets[kind].scopes(undefined).join(" ");
    if (kind !== "generic") expect(scopes).toContain(asked === "" ? "none by default" : `\`${asked}\``);
    expect(reauthentication).toMatch(new RegExp(`^\`${presets[kind].reauthentication.reauthentication}\``));
    expect(linked).toMatch(/^`<id>:/);
    expect(read("README")).toContain(`[${kind}](${kind}.md)`);
  });

  it("has an example that holds", () => {
    const ajv = new Ajv({ allErrors: true, strict: false, validateSchema: false });
    for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format.accepts);
    const check = ajv.compile(configSchema);
    check({ selfservice: { methods: { oidc: { config: { providers: example } } } } });
    expect(
      (check.errors ?? []).filter(({ instancePath }) => instancePath.startsWith("/selfservice/methods/oidc")),
    ).toEqual([]);
    expect(findProviderFaults(example)).toEqual([]);
    const [{ provider, mapper } = { provider: "", mapper: undefined }] = example;
    expect(provider).toBe(kind);
    expect(isFaults(compileDeclarativeMapper(mapper as never))).toBe(false);
  });
});

describe("the page on providers", () => {
  it("has a mapper that holds, and names what each kind proves", () => {
    const [, table = ""] = /```yaml\n(mapper:[\s\S]*?)```/.exec(read("README")) ?? [];
    expect(isFaults(compileDeclarativeMapper((parse(table) as { readonly mapper: never }).mapper))).toBe(false);
    for (const amr of ["auth_time", "prompt", "none"] as const) {
      const named =
        new RegExp(`^\\| \`${amr}\` \\|.*\\| ([^|]+) \\|$`, "m").exec(read("README"))?.[1]?.split(", ") ?? [];
      expect(named.sort()).toEqual(
        providerKinds.filter((kind) => presets[kind].reauthentication.reauthentication === amr).sort(),
      );
    }
  });
});
