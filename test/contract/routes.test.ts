import { readdirSync } from "node:fs";
import { type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { afterAll, describe, expect, it } from "vitest";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { Access, AccessSchema, access, scope, writes_on_get } from "../../gen/ostiary/options/v1/options_pb.ts";
import { send } from "../protocols/http.ts";
import { startServer } from "../protocols/server.ts";

/*
 * Every way in, and who may take it. A new one shows in the diff of routes.txt
 * (written anew by `vitest run test/contract/routes -u`), and what is written
 * there is what a running server does.
 */

const gen = new URL("../../gen/ostiary/", import.meta.url);
const files = readdirSync(gen, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("_service_pb.ts"));
const modules = await Promise.all(
  files.sort().map((name) => import(new URL(name, gen).href) as Promise<Record<string, unknown>>),
);
const isService = (value: unknown): value is DescService =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
const methods: readonly DescMethod[] = modules
  .flatMap((module) => Object.values(module).filter(isService))
  .flatMap((service) => service.methods);

interface Binding {
  readonly verb: string;
  readonly path: string;
}

const bindings = (method: DescMethod): Binding[] => {
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
  return [rule, ...rule.additionalBindings].map(({ pattern }) => ({
    verb: String(pattern.case).toUpperCase(),
    path: String(pattern.value),
  }));
};
const who = (method: DescMethod): string =>
  (AccessSchema.value[getOption(method, access)]?.name ?? "").replace("ACCESS_", "").toLowerCase();
const scopeOf = (method: DescMethod): string => {
  const held = getOption(method, scope);
  return held === "" ? "" : ` ${held}`;
};
const rpc = ({ parent, name }: DescMethod): string => `/${parent.typeName}/${name}`;

const describeRoutes = (): string =>
  `${methods
    .flatMap((method) => [
      `${rpc(method)}  ${who(method)}${scopeOf(method)}${getOption(method, writes_on_get) ? "  writes on GET" : ""}`,
      ...bindings(method).map(({ verb, path }) => `  ${verb.padEnd(6)} ${path}`),
    ])
    .join("\n")}\n`;

const server = await startServer();
afterAll(() => server.stop());

const isAdmin = (method: DescMethod): boolean => getOption(method, access) === Access.ADMIN;
const portOf = (method: DescMethod): string => (isAdmin(method) ? server.adminUrl : server.url);

/** A path that a request can have: constants and parameters filled in. */
const filled = (path: string): string => path.replace(/\{\w+=(\w+)\}/g, "$1").replace(/\{\w+\}/g, "nonsense");

describe("the ways in", () => {
  it("are those of routes.txt", async () => {
    await expect(describeRoutes()).toMatchFileSnapshot("./routes.txt");
  });

  it("all say who may take them", () => {
    for (const method of methods)
      expect([rpc(method), getOption(method, access) === Access.UNSPECIFIED]).toEqual([rpc(method), false]);
  });

  it.each(methods.map((method) => [rpc(method), method] as const))(
    "%s is served on its port, to POST alone",
    async (path, method) => {
      const answer = await send(`${portOf(method)}${path}`, { method: "PUT" });
      expect([answer.status, answer.headers.allow]).toEqual([405, "POST"]);
    },
  );

  it.each(methods.filter(isAdmin).map(rpc))("%s is not served on the public port", async (path) => {
    const headers = { "content-type": "application/json" };
    const answer = await send(`${server.url}${path}`, { method: "POST", headers, body: "{}" });
    expect(answer.status).toBe(404);
  });

  it.each(["GET", "PUT", "POST"])(
    "a name that no RPC has is not found by %s, among those of a service",
    async (verb) => {
      const headers = { "content-type": "application/json" };
      for (const [port, method] of [
        [server.url, methods.find((each) => !isAdmin(each))],
        [server.adminUrl, methods.find(isAdmin)],
      ] as const)
        for (const url of [`${port}/${method?.parent.typeName}/Nothing`, `${port}/${method?.parent.typeName}/`])
          expect([url, (await send(url, { method: verb, headers })).status]).toEqual([url, 404]);
    },
  );

  const paths = new Map<string, Set<string>>();
  for (const method of methods)
    for (const { verb, path } of bindings(method)) {
      const place = `${isAdmin(method) ? "admin" : "public"} ${path}`;
      paths.set(place, (paths.get(place) ?? new Set()).add(verb));
    }

  it.each([...paths])("%s takes its verbs and no others", async (place, verbs) => {
    const [port, path = ""] = place.split(" ");
    const base = port === "admin" ? server.adminUrl : server.url;
    const answer = await send(`${base}${filled(path)}`, { method: "OPTIONS" });
    expect(answer.status).toBe(405);
    const allowed = String(answer.headers.allow).split(", ");
    expect(new Set(allowed)).toEqual(new Set([...verbs, ...(verbs.has("GET") ? ["HEAD"] : [])]));
  });
});

describe("without a session", () => {
  const json = { accept: "application/json", "content-type": "application/json" };
  const forSessions = methods.filter((method) => getOption(method, access) === Access.SESSION);

  it.each(forSessions.map((method) => [rpc(method), method] as const))(
    "%s is answered at no protocol",
    async (path, method) => {
      const call = await send(`${server.url}${path}`, { method: "POST", headers: json, body: "{}" });
      expect([call.status, call.json.code]).toEqual([401, "unauthenticated"]);
      for (const { verb, path: pattern } of bindings(method)) {
        const body = verb === "GET" ? undefined : "{}";
        const answer = await send(`${server.url}${filled(pattern)}`, { method: verb, headers: json, body });
        expect([verb, pattern, answer.status]).toEqual([verb, pattern, 401]);
      }
    },
  );
});
