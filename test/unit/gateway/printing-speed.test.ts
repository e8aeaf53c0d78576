import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { UiContainerSchema, type UiNode, UiNodeSchema } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { createPrinters } from "../../../src/gateway/encode.ts";

const node = (i: number): UiNode =>
  create(UiNodeSchema, {
    type: 1,
    group: "profile",
    attributes: { kind: { case: "input", value: { name: `traits.field${i}`, type: "text", required: true, autocomplete: "email" } } },
    meta: { label: { id: 1070002, text: `Field ${i}`, type: 1, context: { title: `Field ${i}` } } },
  });

const deepFreeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
};

const form = (nodes: UiNode[]) => create(UiContainerSchema, { action: "http://127.0.0.1:4433/x", method: "POST", nodes });

/** Microseconds of the quickest of many rounds: what the code costs when nothing else runs. */
const cost = (run: () => void): number => {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 60; round++) {
    const begun = process.hrtime.bigint();
    for (let i = 0; i < 50; i++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - begun) / 50_000);
  }
  return best;
};

test("a form of 25 shared nodes is copied, not printed again", () => {
  const print = createPrinters().of(UiContainerSchema);
  const nodes = Array.from({ length: 25 }, (_, i) => node(i));
  const fresh = form(nodes);
  const shared = form(nodes.map((each) => deepFreeze(structuredClone(each))));
  expect(print(shared)).toBe(print(fresh));
  const [slow, quick] = [cost(() => print(fresh)), cost(() => print(shared))];
  expect(quick).toBeLessThan(slow / 2);
  expect(quick).toBeLessThan(100);
});
