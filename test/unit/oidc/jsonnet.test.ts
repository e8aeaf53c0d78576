import { afterAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { createJsonnetEngine } from "../../../src/lib/jsonnet/engine.ts";
import { findUnknownStd } from "../../../src/lib/jsonnet/find-unknown-std.ts";
import { stdFields } from "../../../src/lib/jsonnet/std-fields.ts";
import { createMapper } from "../../../src/methods/oidc/mapper/create-mapper.ts";
import { findMapperFaults } from "../../../src/methods/oidc/mapper/find-mapper-faults.ts";
import type { Mapper } from "../../../src/methods/oidc/mapper/mapper.ts";
import { createProviderFetch } from "../../../src/methods/oidc/provider-fetch.ts";
import { makeConfig } from "./make-provider.ts";

const engine = createJsonnetEngine();
afterAll(() => engine.close());
const deps = { fetch: createProviderFetch(), clock: systemClock, engine };
const urlOf = (program: string) => `base64://${Buffer.from(program).toString("base64")}`;
const mapper = (program: string): Mapper => createMapper(makeConfig({ mapper_url: urlOf(program) }), deps) as Mapper;
const traitOf = async (expression: string, claims: Readonly<Record<string, string>> = {}): Promise<unknown> => {
  const mapped = await mapper(`{ identity: { traits: { a: ${expression} } } }`).map({
    iss: "https://x",
    sub: "1",
    ...claims,
  });
  if (mapped.kind !== "mapped") throw new Error(mapped.explain);
  return mapped.mapped.traits.a;
};

describe("the functions of go-jsonnet v0.21.0 that the engine lacks", () => {
  it.each<[string, unknown]>([
    ["std.trim('\\t a b\\u00a0\\n')", "a b"],
    ["std.trim(std.extVar('claims').email)", "ann@example.com"],
    ["std.flattenDeepArray([[1, 2], [3, [4, []]], 'a'])", [1, 2, 3, 4, "a"]],
    ["std.flattenDeepArray('a')", ["a"]],
    ["std.log2(8)", 3],
    ["std.log2(2305843009213693952)", 61],
    ["std.log2(0.125)", -3],
    ["std.log10(1000)", 3],
    ["std.log10(100)", 2],
    ["std.pi", Math.PI],
    ["std.deg2rad(180)", Math.PI],
    ["std.rad2deg(std.pi)", 180],
    ["std.hypot(3, 4)", 5],
    ["std.hypot(0, 0)", 0],
    ["std.hypot(x=1e200, y=1e200)", 1e200 * Math.SQRT2],
    ["std.atan2(y=1, x=1)", Math.PI / 4],
    ["std.atan2(1, -1)", (3 * Math.PI) / 4],
    ["std.atan2(-1, -1)", (-3 * Math.PI) / 4],
    ["std.atan2(0, -1)", Math.PI],
    ["std.atan2(0, 1)", 0],
    ["std.atan2(-2, 0)", -Math.PI / 2],
  ])("%s is %j", async (expression, value) => {
    expect(await traitOf(expression, { email: " ann@example.com " })).toEqual(value);
  });

  it("are known by name, as all of the engine's are", async () => {
    expect(await traitOf("std.sort(std.objectFieldsAll(std))")).toEqual([...stdFields].sort());
  });
});

describe("a function that there is not", () => {
  const faults = (program: string) =>
    findMapperFaults({ base_redirect_uri: undefined, providers: [makeConfig({ mapper_url: urlOf(program) })] });

  it("ends the start, with the key and the line", () => {
    expect(faults("{\n  identity: { traits: { email: std.trimm(std.extVar('claims').email) } } }")).toEqual([
      {
        path: "selfservice.methods.oidc.config.providers[0].mapper_url",
        message: expect.stringContaining("std has no field trimm (line 2)"),
      },
    ]);
    expect(faults("{ identity: { traits: { email: std.trim(' a ') } } }")).toEqual([]);
  });

  it("is no claim that is missing, whether it is reached or not", async () => {
    const program = "{ identity: { traits: { a: std.extVar('claims').email, b: std['nope'](1) } } }";
    expect(await mapper(program).map({ iss: "https://x", sub: "1" })).toEqual({
      kind: "failed",
      explain: "std has no field nope (line 1)",
    });
    expect(await mapper(program).check()).toBe("std has no field nope (line 1)");
  });

  it.each<[string, readonly string[]]>([
    ["std.nope", ["nope"]],
    ["std . nope()", ["nope"]],
    ['std["nope"]', ["nope"]],
    ["std.map(std.nope, [])", ["nope"]],
    ["local f(a) = std.nope; f(1)", ["nope"]],
    ["std == std.nope", ["nope"]],
    ["// std.nope\n1", []],
    ["# std.nope\n/* std.nope */ 1", []],
    ["'std.nope \\' std.nope'", []],
    ['@"std.nope "" std.nope"', []],
    ["|||\n  std.nope\n|||", []],
    ["{ std: 1, a: self.std.nope }", []],
    ["local std = { nope: 1 }; std.nope", []],
    ["(function(std) std.nope)({ nope: 1 })", []],
    ["local f(a, std) = std.nope; f(1, { nope: 1 })", []],
    ["std[std.extVar('claims').x]", []],
    ["std", []],
    ["", []],
    ["'".repeat(100_000), []],
    ["/*".repeat(50_000), []],
  ])("is found in %j", (program, names) => {
    expect(findUnknownStd(program).map(({ name }) => name)).toEqual(names);
  });
});

describe("what is told of a Jsonnet mapper that fails", () => {
  const secret = "ann.secret@example.com";
  it.each([
    ["error 'not ' + std.extVar('claims').email", "runtime error on line 1"],
    ["{}[std.extVar('claims').email]", "no such field"],
    ["std.parseInt(std.extVar('claims').email)", "runtime error on line 1"],
    ["assert false : std.extVar('claims').email; {}", "assert failed on line 1"],
    ["std.extVar(std.extVar('claims').email)", "runtime error on line 1"],
    ["std.assertEqual(std.extVar('claims').email, 1)", "runtime error on line 1"],
    ["[1][std.extVar('claims').email]", "attempted to index"],
    ["std.extVar('claims').email.x", "string index type"],
  ])("%s quotes no claim", async (program, explain) => {
    const answer = await mapper(`{ identity: { traits: { email: ${program} } } }`).map({
      iss: "https://x",
      sub: "1",
      email: secret,
    });
    expect(JSON.stringify(answer)).not.toContain(secret);
    if (answer.kind !== "mapped") expect(answer.explain).toContain(explain.replace(/ on .*/, ""));
    const whole = await mapper(program).map({ iss: "https://x", sub: "1", email: secret });
    expect(JSON.stringify(whole)).not.toContain(secret);
    expect(whole).toMatchObject({ explain: expect.stringContaining(explain) });
  });
});
