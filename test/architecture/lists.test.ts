import type { DescMessage } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ImportCredentialsSchema } from "../../gen/ostiary/identity/v1/import_credentials_pb.ts";
import { UpdateFlowBodySchema as Login } from "../../gen/ostiary/login/v1/login_service_pb.ts";
import { UpdateFlowBodySchema as Registration } from "../../gen/ostiary/registration/v1/registration_service_pb.ts";
import { UpdateFlowBodySchema as Settings } from "../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { exportedTypes } from "../../src/cli/operator/importable.ts";
import { isUnsupportedHook } from "../../src/config/features.ts";
import { nodeAt, type SchemaNode } from "../../src/config/schema.ts";
import { configFaults } from "../../src/hooks/index.ts";
import { catalogues } from "../../src/hosted/catalogues.ts";
import { createAead } from "../../src/lib/aead.ts";
import { createMergings } from "../../src/methods/merging.ts";
import { filesBelow, read } from "./source-files.ts";

/*
 * A method and a hook stand in several lists, some of which the type checker does not see. Each line here is one of
 * them: a name that is missing there fails with the place that it is missing in.
 */

/** The cases of a body of a flow. */
const casesOf = (body: DescMessage): readonly string[] => (body.oneofs[0]?.fields ?? []).map(({ name }) => name);
const settings = casesOf(Settings);
/** Asks who somebody is: it is switched on with the style of the flow, and is nobody's credential. */
const login = casesOf(Login).filter((name) => name !== "identifier_first");
const registration = casesOf(Registration);
const all = [...new Set([...settings, ...login, ...registration])];
const credentials = all.filter((name) => name !== "profile");

/** The texts between the brackets of a list in a file. */
const listIn = (file: string, name: string): readonly string[] => {
  const list = new RegExp(`const ${name}\\b[^=]*= (?:new Set\\()?\\[([^\\]]*)\\]`).exec(read(file))?.[1];
  if (list === undefined) throw new Error(`${file} has no list ${name}`);
  return [...list.matchAll(/"([^"]+)"/g)].map(([, one = ""]) => one);
};
/** The keys of the configuration below a path. */
const keysBelow = (...path: readonly string[]): readonly string[] => Object.keys(nodeAt(path)?.properties ?? {});
/** What the catalogue of the pages has behind a beginning. */
const textsOf = (beginning: string): readonly string[] =>
  Object.keys(catalogues.en).flatMap((key) => (key.startsWith(beginning) ? [key.slice(beginning.length)] : []));
const mergings = createMergings({ aead: createAead({ algorithm: "noop", keys: [] }), digestKeys: ["key"] });
const schema = "src/config/schema.json";
const texts = "src/hosted/languages/*.json";

describe("a method stands", () => {
  it.each<[place: string, methods: readonly string[], listed: readonly string[]]>([
    [`in selfservice.methods of ${schema}`, all, keysBelow("selfservice", "methods")],
    [
      `in selfservice.flows.settings.after of ${schema}`,
      settings,
      keysBelow("selfservice", "flows", "settings", "after"),
    ],
    [`in selfservice.flows.login.after of ${schema}`, login, keysBelow("selfservice", "flows", "login", "after")],
    [
      `in selfservice.flows.registration.after of ${schema}`,
      registration.filter((name) => name !== "profile"),
      keysBelow("selfservice", "flows", "registration", "after"),
    ],
    ["in groups of src/flows/settings/render.ts", settings, listIn("src/flows/settings/render.ts", "groups")],
    ["in groups of src/flows/login/render.ts", login, listIn("src/flows/login/render.ts", "groups")],
    [
      "in groups of src/flows/registration/render.ts",
      registration,
      listIn("src/flows/registration/render.ts", "groups"),
    ],
    ["in sections of src/hosted/login-page.ts", settings, listIn("src/hosted/login-page.ts", "sections")],
    [`by group.<name> in ${texts}`, all, textsOf("group.")],
    [`by refresh.why.<name> in ${texts}`, settings, textsOf("refresh.why.")],
    [`by method.<name> in ${texts}`, login, textsOf("method.")],
    [`by m.1050001.<name> in ${texts}`, settings, textsOf("m.1050001.")],
    [
      "in src/methods/merging.ts",
      // Addresses that codes go to come along with the traits.
      credentials.filter((name) => name !== "code"),
      mergings.map(({ type }) => type),
    ],
    [`by merge.kind.<name> in ${texts}`, mergings.map(({ type }) => type), textsOf("merge.kind.")],
    [
      "in ImportCredentials of proto/ostiary/identity/v1/import_credentials.proto",
      credentials,
      ImportCredentialsSchema.fields.map(({ name }) => name),
    ],
    ["in exportedTypes of src/cli/operator/importable.ts", credentials, exportedTypes],
  ])("%s", (_, methods, listed) => {
    expect(methods.filter((name) => !listed.includes(name))).toEqual([]);
  });
});

describe("a hook stands", () => {
  const names = [...Object.keys(configFaults), "web_hook"];
  const lists = [
    ["login", "before"],
    ["login", "after"],
    ["login", "after", "password"],
    ["registration", "after", "password"],
    ["settings", "after"],
    ["settings", "after", "profile"],
    ["settings", "after", "password"],
    ["recovery", "after"],
    ["verification", "after"],
  ];
  const placed = lists.flatMap((list) => {
    const entry: SchemaNode | undefined = nodeAt(["selfservice", "flows", ...list, "hooks", 0, "hook"]);
    return entry?.enum ?? [];
  });

  it(`in a list of ${schema}: the enum of a definition hook_…`, () => {
    expect(names.filter((name) => !placed.includes(name))).toEqual([]);
    expect(placed.filter((name) => !names.includes(name) && !isUnsupportedHook(name))).toEqual([]);
  });

  it("in the table of docs/hooks.md", () => {
    const page = read("docs/hooks.md");
    expect(names.filter((name) => !page.includes(`\n| \`${name}\` |`))).toEqual([]);
  });
});

it("a page of docs/ stands in README.md", () => {
  const readme = read("README.md");
  const pages = filesBelow(["docs"], [".md"]).filter((file) => /^docs\/[^/]+$/.test(file));
  expect(pages.filter((page) => !readme.includes(`(${page})`))).toEqual([]);
});
