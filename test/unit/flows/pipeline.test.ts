import { describe, expect, it } from "vitest";
import { endWith, steps } from "../../../src/flows/pipeline.ts";

/* The engine of the steps: their order, how a submit ends early, and what is left for after the commit. */

interface Entered {
  readonly endAt?: string;
  readonly failAt?: string;
}

/** The steps of a verification secret, each of which writes its name down; the answer is all names. */
const listed = (trace: string[], order = ["loadFlow", "rejectIfExpired", "pickMethod"] as const) => {
  const mark =
    (name: string) =>
    ({ endAt, failAt }: Entered) => {
      trace.push(name);
      if (name === failAt) throw new Error(`refused by ${name}`);
      return name === endAt ? endWith({ kind: "concurrent_change" as const }) : { [name]: true };
    };
  const [first, second, third] = order;
  return steps<"verification secret", Entered, string, { readonly kind: "concurrent_change" }>("verification secret")
    .step(first, mark(first))
    .check(second, (submission) => void mark(second)(submission))
    .step(third, mark(third))
    .step("perform", mark("perform"))
    .step("runBeforePersistHooks", mark("runBeforePersistHooks"))
    .step("persist", mark("persist"))
    .step("afterCommit", mark("afterCommit"))
    .last("render", (submission) => Object.keys(submission).join(" "));
};

const untilPersist = ["loadFlow", "rejectIfExpired", "pickMethod", "perform", "runBeforePersistHooks", "persist"];

describe("the steps of a submit", () => {
  it("run in the order of the table, those after the commit once the answer is rendered", async () => {
    const trace: string[] = [];
    const done = await listed(trace)({});
    expect(trace).toEqual(untilPersist);
    expect(done.kind === "done" && (await done.render())).toBe(
      "loadFlow pickMethod perform runBeforePersistHooks persist afterCommit",
    );
    expect(trace).toEqual([...untilPersist, "afterCommit"]);
  });

  it("end with what a step ends with, and take no further one", async () => {
    const trace: string[] = [];
    expect(await listed(trace)({ endAt: "perform" })).toEqual({ kind: "concurrent_change" });
    expect(trace).toEqual(untilPersist.slice(0, 4));
  });

  it.each(["loadFlow", "rejectIfExpired", "persist"])("end with the failure of %s", async (failAt) => {
    const trace: string[] = [];
    await expect(listed(trace)({ failAt })).rejects.toThrow(`refused by ${failAt}`);
    expect(trace.at(-1)).toBe(failAt);
  });

  it("do not start in another order than the table's, nor without one of them", () => {
    expect(() => listed([], ["rejectIfExpired", "loadFlow", "pickMethod"] as never)).toThrow(
      /the steps of verification secret are rejectIfExpired, loadFlow,.* but should be loadFlow, rejectIfExpired/,
    );
    expect(() => steps<"login submit", object, string>("login submit").last("render", () => "")).toThrow(
      /are render, but should be loadFlow, findCaller/,
    );
  });

  it("of two submits at once do not mix what they find", async () => {
    const submit = steps<"verification secret", { readonly name: string }, string>("verification secret")
      .step("loadFlow", async ({ name }) => ({ found: `flow of ${name}` }))
      .check("rejectIfExpired", () => Promise.resolve())
      .step("pickMethod", async () => ({}))
      .step("perform", async () => ({}))
      .step("runBeforePersistHooks", () => ({}))
      .step("persist", () => ({}))
      .step("afterCommit", () => ({}))
      .last("render", ({ found, name }) => `${name}: ${found}`);
    const all = await Promise.all(["ann", "ben"].map((name) => submit({ name })));
    expect(await Promise.all(all.map(({ render }) => render()))).toEqual(["ann: flow of ann", "ben: flow of ben"]);
  });
});
