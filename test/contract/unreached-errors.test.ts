import { describe, expect, it } from "vitest";
import { protoMethods } from "../setup/proto-image.ts";
import { listedErrors, missedErrors, rpcErrors } from "../setup/rpc-errors.ts";
import accepted from "./unreached-errors.json" with { type: "json" };

/* What fails a run of all tests: errors that an RPC lists and that none of them reached. */

const listFactors = "ostiary.account.v1.AccountService/ListFactors";
const without = (...left: readonly string[]) => new Set([...listedErrors()].filter((each) => !left.includes(each)));

describe("a run of all tests", () => {
  it("misses nothing where each RPC has answered all that it lists", () => {
    expect(missedErrors(listedErrors(), [])).toEqual({ missed: [], reached: [] });
  });

  it("misses what one RPC never answered, though others did", () => {
    const { missed } = missedErrors(without(`${listFactors} AAL2_REQUIRED`), []);
    expect(missed).toEqual([`${listFactors} lists AAL2_REQUIRED, and no test reaches it`]);
  });

  it("misses what a service lists only where no RPC at all answered it", () => {
    expect(missedErrors(without(`${listFactors} OVERLOADED`), []).missed).toEqual([]);
    const never = new Set([...listedErrors()].filter((each) => !each.endsWith(" OVERLOADED")));
    expect(missedErrors(never, []).missed).toContain(`${listFactors} lists OVERLOADED, and no test reaches it`);
  });

  it("does not miss what is excepted, and names an exception that is none any more", () => {
    const exception = { reason: "AAL2_REQUIRED", rpcs: [listFactors], why: "a test" };
    const observed = without(`${listFactors} AAL2_REQUIRED`);
    expect(missedErrors(observed, [exception])).toEqual({ missed: [], reached: [] });
    expect(missedErrors(listedErrors(), [exception]).reached).toEqual([`${listFactors} reaches AAL2_REQUIRED`]);
  });
});

it.each(accepted)("what is excepted is listed by an RPC, and has a reason: $reason", ({ reason, why }) => {
  expect(protoMethods.some((method) => rpcErrors(method).own.has(reason))).toBe(true);
  expect(why).toMatch(/\w+ \w+/);
});
