import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { IdentityRecord } from "../../../src/identity/identity.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createJsonnetEngine, type JsonnetLimits } from "../../../src/lib/jsonnet/engine.ts";
import { createLog } from "../../../src/lib/log.ts";
import { readClaims, renderClaims } from "../../../src/methods/oidc/claims.ts";
import { createIdentityUpdates } from "../../../src/methods/oidc/identity-updates.ts";
import { createMapPerson } from "../../../src/methods/oidc/map-person.ts";
import { createMapper } from "../../../src/methods/oidc/mapper/create-mapper.ts";
import { compileDeclarativeMapper, isFaults } from "../../../src/methods/oidc/mapper/declarative-mapper.ts";
import { findMapperFaults } from "../../../src/methods/oidc/mapper/find-mapper-faults.ts";
import type { Mapper } from "../../../src/methods/oidc/mapper/mapper.ts";
import { readMapped } from "../../../src/methods/oidc/mapper/read-mapped.ts";
import { createProviderFetch } from "../../../src/methods/oidc/provider-fetch.ts";
import type { ProviderProfile } from "../../../src/methods/oidc/provider-profile.ts";
import type { Provider } from "../../../src/methods/oidc/providers.ts";
import { startOpenidStub } from "../../setup/openid-stub.ts";
import { person } from "../schema/person.ts";
import { makeConfig } from "./make-provider.ts";

const engine = createJsonnetEngine();
afterAll(() => engine.close());

const deps = { fetch: createProviderFetch({ timeout: 1000 }), clock: systemClock, engine };
const base64 = (program: string) => `base64://${Buffer.from(program).toString("base64")}`;
const jsonnet = (program: string): Mapper => createMapper(makeConfig({ mapper_url: base64(program) }), deps) as Mapper;
const claimsOf = (raw: Readonly<Record<string, unknown>> = {}) => {
  const claims = readClaims({ iss: "https://id.example.com", sub: "42", ...raw } as never);
  if (typeof claims === "string") throw new Error(claims);
  return renderClaims(claims);
};

describe("a Jsonnet mapper", () => {
  it("makes traits, metadata and verified addresses of claims, as configurations of the reference do", async () => {
    const mapper = jsonnet(`
      local claims = { email_verified: false } + std.extVar('claims');
      {
        identity: {
          traits: {
            [if 'email' in claims && claims.email_verified then 'email' else null]: claims.email,
            name: { first: claims.given_name, last: claims.family_name },
            groups: [std.asciiUpper(g) for g in claims.raw_claims.groups],
          },
          metadata_public: { subject: '%s/%s' % [claims.iss, claims.sub] },
          metadata_admin: null,
          verified_addresses: std.prune([
            if 'email' in claims && claims.email_verified then { via: 'email', value: claims.email },
          ]),
        },
      }`);
    const claims = claimsOf({
      email: "ann@example.com",
      email_verified: "true",
      given_name: "Ann",
      family_name: "Bee",
      groups: ["a", "b"],
    });
    expect(await mapper.map(claims)).toEqual({
      kind: "mapped",
      mapped: {
        traits: { email: "ann@example.com", name: { first: "Ann", last: "Bee" }, groups: ["A", "B"] },
        metadataPublic: { subject: "https://id.example.com/42" },
        metadataAdmin: null,
        verifiedAddresses: [{ via: "email", value: "ann@example.com" }],
      },
    });
  });

  it("sees email_verified as a boolean whatever the provider sends, and no claims of the wrong type", async () => {
    const mapper = jsonnet(
      "local claims = std.extVar('claims'); { identity: { traits: { a: std.type(claims.email_verified), b: " +
        "'name' in claims, c: std.type(claims.raw_claims.name) } } }",
    );
    expect(await mapper.map(claimsOf({ email_verified: "false", name: ["x"] }))).toMatchObject({
      mapped: { traits: { a: "boolean", b: false, c: "array" } },
    });
  });

  it("gives what can be known when a claim is missing", async () => {
    const mapper = jsonnet(`local claims = std.extVar('claims');
      { identity: { traits: { email: claims.email, name: { first: claims.given_name, last: claims.family_name }, plan:
      'free' }, verified_addresses: [{ via: 'email', value: claims.email }] } }`);
    // It may take so much time and no more, which on a busy machine is over before everything is found.
    await expect
      .poll(() => mapper.map(claimsOf({ given_name: "Ann" })))
      .toEqual({
        kind: "incomplete",
        mapped: { traits: { name: { first: "Ann" }, plan: "free" }, verifiedAddresses: [] },
        explain: "no such field: email",
      });
    expect(
      await jsonnet("local c = std.extVar('claims'); if c.email == 'x' then {} else { identity: {} }").map(claimsOf()),
    ).toMatchObject({
      kind: "incomplete",
      mapped: { traits: {} },
    });
  });

  it("sees who signs in again, and of somebody new that nothing is known", async () => {
    const mapper = jsonnet(`
      local known = std.extVar('identity');
      { identity: { traits: { age: if 'traits' in known then known.traits.age + 1 else 18 },
                    metadata_admin: std.get(known, 'metadata_admin') } }`);
    const mapPerson = createMapPerson(createLog({ level: "error", format: "json" }, { write: () => undefined }));
    const updates = createIdentityUpdates({
      identities: { findIdentifierOwner: async () => undefined },
      mapPerson,
      hidesAccounts: false,
    });
    const provider = { mapper, id: "acme" } as Provider;
    const profile = { claims: claimsOf(), traits: {} } as unknown as ProviderProfile;
    const identity = { id: "i", traits: { age: 30 }, metadataAdmin: { plan: "team" } } as unknown as IdentityRecord;
    expect(await updates.prepare(provider, profile, { identity, schema: person })()).toMatchObject({
      traits: { age: 31 },
      beside: { metadataAdmin: { plan: "team" } },
    });
    expect(await mapPerson(provider, profile, person)).toMatchObject({ traits: { age: 18 } });
  });

  it.each([
    ["reads no files", "{ identity: { traits: { a: importstr '/etc/hostname' } } }"],
    ["imports no programs", "import '/etc/hostname'"],
    ["has no functions of the host", "{ identity: { traits: { a: std.native('x')() } } }"],
    ["has no variables but its own", "{ identity: { traits: { a: std.extVar('PATH') } } }"],
    ["must answer an identity", "{ traits: {} }"],
    ["must answer an object", "[1]"],
    ["must answer traits", "{ identity: { traits: 'x' } }"],
    ["must answer addresses in their form", "{ identity: { traits: {}, verified_addresses: ['x'] } }"],
    ["may fail by itself", "{ identity: { traits: { a: error 'no' } } }"],
    ["must be a program", "{ identity: "],
    ["must not name what acts on objects", "{ identity: { traits: { ['__proto__']: { admin: true } } } }"],
  ])("%s", async (_, program) => {
    expect(await jsonnet(program).map(claimsOf())).toMatchObject({ kind: "failed", explain: expect.any(String) });
  });

  it("cannot get out of the place of its program", async () => {
    const mapper = jsonnet(`{ identity: { traits: { a: std.extVar('claims').raw_claims.x } } } // the end`);
    const x = `'"]); local std = { extVar(x): 1 }; {`;
    expect(await mapper.map(claimsOf({ x }))).toMatchObject({ kind: "mapped", mapped: { traits: { a: x } } });
    expect(await mapper.map(claimsOf())).toMatchObject({ kind: "incomplete", mapped: { traits: {} } });
  });

  it("says at the start what is wrong with it", async () => {
    expect(await jsonnet("{ identity: {").check()).toMatch(/^syntax error/);
    expect(await jsonnet("error 'this person may not sign in'").check()).toBeUndefined();
    expect(
      await jsonnet("local claims = std.extVar('claims'); { identity: { traits: { email: claims.email } } }").check(),
    ).toBeUndefined();
    expect(
      await (createMapper(makeConfig({ mapper_url: "file:///nowhere/mapper.jsonnet" }), deps) as Mapper).check(),
    ).toMatch(/ENOENT/);
  });
});

describe("what a Jsonnet mapper answers", () => {
  it.each([
    [{ identity: { traits: {}, verified_addresses: null } }, []],
    [
      {
        identity: {
          traits: {},
          verified_addresses: [
            { via: "email", value: null },
            { via: "email", value: "" },
            { via: "email", value: "a@b.c" },
          ],
        },
      },
      [{ via: "email", value: "a@b.c" }],
    ],
  ])("%j vouches for %j", (answer, verifiedAddresses) => {
    expect(readMapped(answer)).toMatchObject({ verifiedAddresses });
  });

  it.each([
    [{ verified_addresses: "a@b.c" }],
    [{ verified_addresses: [null] }],
    [{ verified_addresses: [{ value: "a@b.c" }] }],
    [{ verified_addresses: [{ via: "email", value: true }] }],
    [{ metadata_public: JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) }],
    [{ metadata_admin: JSON.parse('{"__proto__":{}}') }],
  ])("%j is refused", (identity) => {
    expect(readMapped({ identity: { traits: {}, ...identity } })).toEqual(expect.any(String));
  });

  it("null is a trait that is not there", () => {
    expect(readMapped({ identity: { traits: { a: null, b: { c: null, d: 1 }, e: [null] } } })).toMatchObject({
      traits: { b: { d: 1 }, e: [null] },
    });
  });
});

describe("where programs come from", () => {
  const program = "{ identity: { traits: { email: std.extVar('claims').email } } }";

  it("files", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "mapper-"));
    writeFileSync(path.join(folder, "mapper.jsonnet"), program);
    const mapper = createMapper(
      makeConfig({ mapper_url: pathToFileURL(path.join(folder, "mapper.jsonnet")).href }),
      deps,
    ) as Mapper;
    expect(await mapper.map(claimsOf({ email: "a@b.c" }))).toMatchObject({ mapped: { traits: { email: "a@b.c" } } });
    rmSync(folder, { recursive: true });
    expect(await mapper.map(claimsOf({ email: "a@b.c" }))).toMatchObject({ kind: "mapped" });
  });

  it("servers, which may be down later", async () => {
    const stub = await startOpenidStub("client");
    stub.answerAt("/mapper.jsonnet", program);
    const mapper = createMapper(makeConfig({ mapper_url: `${stub.issuer}/mapper.jsonnet` }), deps) as Mapper;
    expect(await mapper.map(claimsOf({ email: "a@b.c" }))).toMatchObject({ kind: "mapped" });
    await stub.close();
    expect(await mapper.map(claimsOf({ email: "a@b.c" }))).toMatchObject({ kind: "mapped" });
  });

  it("a program that is too long is refused", async () => {
    const stub = await startOpenidStub("client");
    stub.answerAt("/mapper.jsonnet", `${program}//${"x".repeat(1_100_000)}`);
    const mapper = createMapper(makeConfig({ mapper_url: `${stub.issuer}/mapper.jsonnet` }), deps) as Mapper;
    expect(await mapper.map(claimsOf({ email: "a@b.c" }))).toMatchObject({
      kind: "failed",
      explain: expect.stringContaining("larger than"),
    });
    const folder = mkdtempSync(path.join(tmpdir(), "mapper-"));
    writeFileSync(path.join(folder, "mapper.jsonnet"), `${program}${" ".repeat(1_100_000)}`);
    const file = createMapper(
      makeConfig({ mapper_url: pathToFileURL(path.join(folder, "mapper.jsonnet")).href }),
      deps,
    ) as Mapper;
    expect(await file.map(claimsOf({ email: "a@b.c" }))).toMatchObject({
      kind: "failed",
      explain: expect.stringContaining("larger than"),
    });
    rmSync(folder, { recursive: true });
    await stub.close();
  });

  it("a server that does not have it has no program", async () => {
    const stub = await startOpenidStub("client");
    stub.answerAt("/mapper.jsonnet", program, 404);
    const mapper = createMapper(makeConfig({ mapper_url: `${stub.issuer}/mapper.jsonnet` }), deps) as Mapper;
    expect(await mapper.map(claimsOf({ email: "a@b.c" }))).toMatchObject({
      kind: "failed",
      explain: expect.stringContaining("404"),
    });
    await stub.close();
  });
});

describe("a program that takes too much", () => {
  const run = async (program: string, limits: JsonnetLimits) => {
    const limited = createJsonnetEngine(limits);
    const mapper = createMapper(makeConfig({ mapper_url: base64(program) }), { ...deps, engine: limited }) as Mapper;
    const good = createMapper(makeConfig({ mapper_url: base64("{ identity: { traits: { ok: true } } }") }), {
      ...deps,
      engine: limited,
    }) as Mapper;
    const [bad, next] = await Promise.all([mapper.map(claimsOf()), good.map(claimsOf())]);
    await limited.close();
    expect(next).toMatchObject({ kind: "mapped", mapped: { traits: { ok: true } } });
    return bad;
  };

  it("of time is ended, and the next one runs", async () => {
    const bad = await run(
      "{ identity: { traits: { a: std.foldl(function(a, b) a + b, std.range(1, 1000000000), 0) } } }",
      { timeLimit: 800 },
    );
    expect(bad).toEqual({ kind: "failed", explain: "the program took longer than 800 ms" });
  });

  it("of memory is ended, and the next one runs", async () => {
    expect(
      await run("{ identity: { traits: { a: std.foldl(function(a, b) a + a, std.range(1, 40), 'x') } } }", {
        memoryLimit: 16 * 1024 * 1024,
      }),
    ).toMatchObject({ kind: "failed" });
    expect(await run("{ identity: { traits: { a: std.range(1, 1000000000) } } }", { timeLimit: 5000 })).toMatchObject({
      kind: "failed",
    });
  });

  it("of the stack is an error", async () => {
    expect(await run("local f(x) = 1 + f(x); { identity: { traits: { a: f(1) } } }", {})).toMatchObject({
      kind: "failed",
      explain: expect.stringContaining("stack overflow"),
    });
  });

  it("of words is an error", async () => {
    expect(await run("{ identity: { traits: { a: std.repeat('x', 100000) } } }", {})).toMatchObject({
      kind: "failed",
      explain: expect.stringContaining("longer than"),
    });
  });

  it("of places in the queue is an error", async () => {
    const limited = createJsonnetEngine({ queueLimit: 1 });
    const job = { source: "{}", variables: {} };
    const results = await Promise.all([1, 2, 3].map(() => limited.run(job)));
    expect(results.map(({ kind }) => kind)).toEqual(["value", "value", "error"]);
    await limited.close();
  });

  it("of looks for what can be known gives what it has", async () => {
    const fields = Array.from({ length: 100 }, (_, index) => `f${index}: claims.nope`).join(", ");
    const mapper = jsonnet(`local claims = std.extVar('claims'); { identity: { traits: { a: 1, ${fields}, z: 1 } } }`);
    expect(await mapper.map(claimsOf())).toMatchObject({ kind: "incomplete", mapped: { traits: { a: 1 } } });
  });

  it("does not hold up the server", async () => {
    const limited = createJsonnetEngine({ timeLimit: 300 });
    const mapper = createMapper(
      makeConfig({ mapper_url: base64("std.foldl(function(a, b) a + b, std.range(1, 1000000000), 0)") }),
      {
        ...deps,
        engine: limited,
      },
    ) as Mapper;
    const result = mapper.map(claimsOf());
    let longest = 0;
    for (let last = performance.now(), end = last + 200; last < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    expect(longest).toBeLessThan(280);
    await result;
    await limited.close();
  });

  it("is answered when the server ends", async () => {
    const limited = createJsonnetEngine();
    const results = [1, 2].map(() =>
      limited.run({
        source: "std.foldl(function(a, b) a + b, std.range(1, 1000000000), 0)",
        variables: {},
      }),
    );
    await limited.close();
    expect(await Promise.all(results)).toMatchObject([{ kind: "error" }, { kind: "error" }]);
  });
});

describe("a table of paths", () => {
  const compile = (config: Parameters<typeof compileDeclarativeMapper>[0]): Mapper => {
    const compiled = compileDeclarativeMapper(config);
    if (isFaults(compiled)) throw new Error(JSON.stringify(compiled));
    return compiled;
  };

  it("makes traits, metadata and verified addresses of claims", async () => {
    const mapper = compile({
      traits: {
        email: "claims.email",
        "name.first": "claims.given_name",
        "name.last": "claims.family_name",
        plan: { claim: "claims.raw_claims.plan", default: "free" },
        team: 'claims.raw_claims["https://example.com/team"].id',
        source: { value: "acme" },
      },
      metadata_public: { picture: "claims.picture" },
      verified_addresses: [{ via: "email", value: "claims.email" }],
    });
    const claims = claimsOf({
      email: "ann@example.com",
      email_verified: true,
      given_name: "Ann",
      "https://example.com/team": { id: 7 },
    });
    expect(await mapper.map(claims)).toEqual({
      kind: "mapped",
      mapped: {
        traits: { email: "ann@example.com", name: { first: "Ann" }, plan: "free", team: 7, source: "acme" },
        metadataPublic: {},
        verifiedAddresses: [{ via: "email", value: "ann@example.com" }],
      },
    });
  });

  it("takes an address for verified only where the provider says so", async () => {
    const mapper = compile({ traits: {}, verified_addresses: [{ via: "email", value: "claims.email" }] });
    for (const email_verified of [false, "yes", undefined, 1]) {
      expect(
        await mapper.map(
          claimsOf({ email: "ann@example.com", ...(email_verified !== undefined && { email_verified }) }),
        ),
      ).toMatchObject({
        mapped: { verifiedAddresses: [] },
      });
    }
  });

  it("finds nothing where there is no object, and nothing that objects have by themselves", async () => {
    const mapper = compile({
      traits: {
        a: "claims.raw_claims.text.length",
        b: "claims.raw_claims.list.length",
        c: "claims.raw_claims.toString",
        d: "claims.raw_claims.none.x",
        e: "claims.raw_claims.null.x",
      },
    });
    expect(await mapper.map(claimsOf({ text: "x", list: [1], null: null }))).toMatchObject({ mapped: { traits: {} } });
  });

  it("names every path that is wrong", () => {
    const faults = compileDeclarativeMapper({
      traits: {
        a: "email",
        b: "claims.emial",
        c: "claims.email.domain",
        d: "claims.raw_claims[x]",
        e: 7,
        f: { claim: "claims.x" },
        __proto__x: "claims.email",
        "name.constructor": "claims.name",
        "x..y": "claims.name",
      },
      verified_addresses: [
        { via: "email", value: "claims.raw_claims.mail" },
        { via: "email", value: "claims.email", if: "claims.nope" },
      ],
    });
    expect(isFaults(faults) && faults.map(({ path: at }) => at.join("/"))).toEqual([
      "traits/a",
      "traits/b",
      "traits/c",
      "traits/d",
      "traits/e",
      "traits/f",
      "traits/name.constructor",
      "traits/x..y",
      "verified_addresses/0",
      "verified_addresses/1/if",
    ]);
  });

  it("is named by its key in the configuration", () => {
    const mapper = {
      traits: { "name.first": "given_name" },
      verified_addresses: [{ via: "email", value: "claims.email", if: "claims.nope" }],
    };
    const providers = [makeConfig(), makeConfig({ mapper })];
    expect(findMapperFaults({ base_redirect_uri: undefined, providers }).map(({ path: at }) => at)).toEqual([
      'selfservice.methods.oidc.config.providers[1].mapper.traits["name.first"]',
      "selfservice.methods.oidc.config.providers[1].mapper.verified_addresses[0].if",
    ]);
  });
});
