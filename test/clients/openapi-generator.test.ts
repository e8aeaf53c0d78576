import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordedAnswers } from "../compatibility/recorded-answers.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { mavenArtifact, python, root, run, runsOnce } from "./toolchains.ts";

/*
 * Clients that openapi-generator makes of gen/openapi-3.0.json, for TypeScript
 * and Python: they read every recorded flow and lose nothing of it, and they
 * walk through flows of a running server.
 */

const generator = "org.openapitools:openapi-generator-cli:7.17.0";

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "openapi-"));
  [server] = await Promise.all([startServer(), generate(), python()]);
}, 240_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Both in one Java machine, because most of the time goes into its start. */
const generate = async (): Promise<void> => {
  const configurations = ["typescript-fetch", "python"].map((language) => {
    const file = path.join(folder, `${language}.json`);
    const configuration = {
      generatorName: language,
      inputSpec: path.join(root, "gen/openapi-3.0.json"),
      outputDir: path.join(folder, language),
      globalProperties: { apiDocs: "false", modelDocs: "false", apiTests: "false", modelTests: "false" },
    };
    writeFileSync(file, JSON.stringify(configuration));
    return file;
  });
  await run("java", [...runsOnce, "-jar", await mavenArtifact(generator), "batch", ...configurations]);
  // As its users do: Node runs no parameter properties and no imports without an extension.
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "commonjs" }));
  const options = "--ignoreConfig --module commonjs --target es2022 --lib es2022,dom --strict --skipLibCheck --types";
  await run("tsc", [...options.split(" "), "", "--outDir", "javascript", "typescript-fetch/index.ts"], { cwd: folder });
};

/** Every recorded flow, by the name of its type in the document. */
const flows = recordedAnswers.flatMap(({ scenario, label, path: asked, body }) => {
  if (typeof body !== "object" || body === null || !("ui" in body)) return [];
  const { action } = (body as { ui: { action?: string } }).ui;
  // The form of a flow that is done leads elsewhere.
  const [, kind = ""] = /self-service\/(\w+)/.exec(String(action)) ?? /self-service\/(\w+)/.exec(asked) ?? [];
  const type = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}Flow`;
  return [{ name: `${scenario}: ${label}`, type, body: body as Readonly<Record<string, unknown>> }];
});

it("there are recorded flows of every kind", () => {
  expect(flows.length).toBeGreaterThan(100);
  expect(new Set(flows.map(({ type }) => type))).toEqual(
    expect.objectContaining(new Set(["LoginFlow", "RegistrationFlow", "SettingsFlow"])),
  );
});

describe("TypeScript, typescript-fetch", () => {
  const load = async () => (await import(path.join(folder, "javascript/index.js"))) as Generated;

  it("reads every recorded flow and loses nothing of it", async () => {
    const client = await load();
    for (const { name, type, body } of flows) {
      const read = client[`${type}FromJSON`] as (json: unknown) => unknown;
      const write = client[`${type}ToJSON`] as (value: unknown) => unknown;
      expect(plain(write(read(body))), name).toMatchObject(plain(body));
    }
  });

  it("walks through registration and settings", async () => {
    const client = await load();
    const settingsOf = (apiKey?: string) => new client.Configuration({ basePath: server.url, apiKey });
    const email = newEmail();
    const registration = new client.RegistrationApi(settingsOf());
    const begun = await registration.registrationCreateFlowApi();
    const { sessionToken } = await registration.registrationUpdateFlow({
      flow: begun.id,
      registrationUpdateFlowBodyInput: { method: "password", password: newPassword(), traits: { email } },
    });
    const settings = new client.SettingsApi(settingsOf(sessionToken));
    const flow = await settings.settingsCreateFlowApi();
    const saved = await settings.settingsUpdateFlow({
      flow: flow.id,
      settingsUpdateFlowBodyInput: { method: "profile", traits: { email, name: { first: "Fetch" } } },
    });
    expect(saved).toMatchObject({ state: "success", identity: { traits: { name: { first: "Fetch" } } } });
  });
});

describe("Python", () => {
  it("reads every recorded flow and loses nothing of it, and walks through flows", { timeout: 120_000 }, async () => {
    const input = JSON.stringify({ url: server.url, email: newEmail(), password: newPassword(), flows });
    writeFileSync(path.join(folder, "input.json"), input);
    const printed = await run(await python(), [path.join(import.meta.dirname, "openapi_client_check.py")], {
      cwd: folder,
      env: { PYTHONPATH: path.join(folder, "python") },
    });
    const { flows: read, saved } = JSON.parse(printed) as {
      readonly flows: readonly { readonly name: string; readonly body: unknown }[];
      readonly saved: unknown;
    };
    for (const [index, { name, body }] of flows.entries())
      expect(plain(read[index]?.body), name).toMatchObject(plain(body));
    expect(saved).toMatchObject({ state: "success", identity: { traits: { name: { first: "Python" } } } });
  });
});

/** What is used of the generated code. */
type Generated = Readonly<Record<string, unknown>> & {
  readonly Configuration: new (options: { readonly basePath: string; readonly apiKey?: string | undefined }) => object;
  readonly RegistrationApi: new (
    configuration: object,
  ) => {
    registrationCreateFlowApi(): Promise<{ readonly id: string }>;
    registrationUpdateFlow(request: unknown): Promise<{ readonly sessionToken: string }>;
  };
  readonly SettingsApi: new (
    configuration: object,
  ) => {
    settingsCreateFlowApi(): Promise<{ readonly id: string }>;
    settingsUpdateFlow(request: unknown): Promise<unknown>;
  };
};

/** As JSON has it, times to the millisecond, members that are left out not told from those that are null. */
const plain = (value: unknown): object =>
  JSON.parse(JSON.stringify(value), (_, member: unknown) => {
    if (typeof member === "string" && /^\d{4}-\d\d-\d\dT/.test(member)) return new Date(member).toISOString();
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).filter(([, each]) => each !== null));
  }) as object;
