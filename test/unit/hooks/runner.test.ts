import { describe, expect, it } from "vitest";
import type { AfterConfig } from "../../../src/config/hook-config.ts";
import type { ChangeContext, Hook, HookFactory, WrittenContext } from "../../../src/hooks/phases.ts";
import { createHookRunner } from "../../../src/hooks/runner.ts";
import { messages, uiText } from "../../../src/ui/messages.ts";

/* Which hooks run, in which order, and what each sees of the ones before it. */

const none: AfterConfig = { default_browser_return_url: undefined, hooks: [], methods: {} };
const named = (...names: readonly string[]) => names.map((hook) => ({ hook, path: "" }));
const context = (method: string, traits = {}) =>
  ({ method, identity: { traits }, verifications: [] }) as unknown as WrittenContext;

/** Hooks that write down their names, phase by phase. */
const tracing = (trace: string[], orders: Readonly<Record<string, Hook["order"]>> = {}) =>
  Object.fromEntries(
    ["a", "b", "c", "session"].map((name): [string, HookFactory] => [
      name,
      (_, { when }) => ({
        ...(orders[name] && { order: orders[name] }),
        before: async () => void trace.push(`${name} before (${when})`),
        inTransaction: async () => void trace.push(name),
      }),
    ]),
  );

const run = async (after: AfterConfig, method: string, orders = {}, implicit: readonly Hook[] = []) => {
  const trace: string[] = [];
  const runner = createHookRunner({ flow: "login", before: [], after, implicit }, tracing(trace, orders));
  await runner.inTransaction({} as never, context(method));
  return trace;
};

describe("hooks after a flow", () => {
  const methods = { password: { default_browser_return_url: undefined, hooks: named("b", "a") } };

  it("are those of the method, in the order of the configuration", async () => {
    expect(await run({ ...none, hooks: named("c"), methods }, "password")).toEqual(["b", "a"]);
  });

  it("are the general ones where the method has none, or an empty list", async () => {
    const empty = { oidc: { default_browser_return_url: undefined, hooks: [] } };
    expect(await run({ ...none, hooks: named("c"), methods }, "oidc")).toEqual(["c"]);
    expect(await run({ ...none, hooks: named("c"), methods: empty }, "oidc")).toEqual(["c"]);
  });

  it("run the session hook last, wherever it stands, and implicit ones first", async () => {
    const trace: string[] = [];
    const verifier: Hook = { inTransaction: async () => void trace.push("verifier") };
    const rest = await run({ ...none, hooks: named("session", "a", "b") }, "password", { session: "last" }, [verifier]);
    expect([...trace, ...rest]).toEqual(["verifier", "a", "b", "session"]);
  });
});

it("hooks before a flow run by themselves, and none of those after it", async () => {
  const trace: string[] = [];
  const lists = { flow: "login", before: named("b", "a"), after: { ...none, hooks: named("c") } } as const;
  await createHookRunner(lists, tracing(trace)).before({} as never);
  expect(trace).toEqual(["b before (before)", "a before (before)"]);
});

describe("hooks before a change is written", () => {
  const lists = (...hooks: readonly string[]) =>
    ({ flow: "settings", before: [], after: { ...none, hooks: named(...hooks) } }) as const;
  const revise = (traits: object) => ({ traits }) as never;
  const adding =
    (key: string): HookFactory =>
    () => ({
      beforePersist: async ({ identity }: ChangeContext) => ({
        kind: "revised",
        revision: { traits: { ...identity.traits, [key]: Object.keys(identity.traits).length } },
      }),
    });
  const refusing: HookFactory = () => ({
    beforePersist: async () => ({
      kind: "rejected",
      messages: [{ node: "traits.email", text: uiText(messages.identifierTaken) }],
    }),
  });

  it("see the person as the ones before left them", async () => {
    const seen: object[] = [];
    const runner = createHookRunner(lists("first", "second"), { first: adding("one"), second: adding("two") });
    const refused = await runner.beforePersist(context("profile", { zero: 0 }), ({ traits }) => {
      seen.push(traits ?? {});
      return revise(traits ?? {});
    });
    expect(refused).toBeUndefined();
    expect(seen).toEqual([
      { zero: 0, one: 1 },
      { zero: 0, one: 1, two: 2 },
    ]);
  });

  it("run what acts on the person as the others leave them after those, though it is the first to write", async () => {
    const trace: string[] = [];
    const marking =
      (name: string, order?: Hook["order"]): HookFactory =>
      () => ({
        ...(order && { order }),
        beforePersist: async () => void trace.push(`${name} asked`) as undefined,
        inTransaction: async () => void trace.push(`${name} writes`),
      });
    const factories = { marks: marking("marks", "first"), asks: marking("asks"), holds: marking("holds", "last") };
    const runner = createHookRunner(lists("holds", "asks", "marks"), factories);
    await runner.beforePersist(context("profile"), () => expect.fail());
    await runner.inTransaction({} as never, context("profile"));
    expect(trace).toEqual(["asks asked", "holds asked", "marks asked", "marks writes", "asks writes", "holds writes"]);
  });

  it("stop at the first that refuses, or whose revision does not hold", async () => {
    const later = createHookRunner(lists("no", "first"), { no: refusing, first: adding("one") });
    expect(await later.beforePersist(context("profile"), () => expect.fail())).toMatchObject({ kind: "rejected" });
    const invalid = createHookRunner(lists("first", "second"), { first: adding("one"), second: adding("two") });
    const rejected = { kind: "rejected", messages: [] } as const;
    expect(await invalid.beforePersist(context("profile"), () => rejected)).toBe(rejected);
  });

  it("are known of a method without being run", () => {
    const runner = createHookRunner(lists("no", "c"), { no: refusing, ...tracing([]) });
    expect(runner.mayRefuse("profile")).toBe(true);
    expect(createHookRunner(lists("c"), tracing([])).mayRefuse("profile")).toBe(false);
  });
});

it("what hooks add for the client to continue with stands in their order", async () => {
  const saying =
    (id: string): HookFactory =>
    () => ({ afterCommit: async () => [{ id } as never] });
  const runner = createHookRunner(
    { flow: "registration", before: [], after: { ...none, hooks: named("x", "c", "y") } },
    { ...tracing([]), x: saying("x"), y: saying("y") },
  );
  expect(await runner.afterCommit(context("password"))).toEqual([{ id: "x" }, { id: "y" }]);
});
