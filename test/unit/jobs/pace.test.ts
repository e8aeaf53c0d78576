import { describe, expect, it } from "vitest";
import { createDeliveryPace } from "../../../src/jobs/pace.ts";

const settleTimes = (pace: ReturnType<typeof createDeliveryPace>, times: number, milliseconds: number): void => {
  for (let n = 0; n < times; n++) pace.settled(milliseconds);
};

describe("how many messages are delivered at once", () => {
  it("begins with one and grows to the most that is allowed, while what was sent is quickly written down", () => {
    const pace = createDeliveryPace(10);
    expect(pace.limit).toBe(1);
    settleTimes(pace, 5, 2);
    expect(pace.limit).toBeGreaterThan(1);
    settleTimes(pace, 200, 2);
    expect(pace.limit).toBe(10);
  });

  it("falls to one while writing down takes long, and grows again afterwards", () => {
    const pace = createDeliveryPace(10);
    settleTimes(pace, 200, 2);
    settleTimes(pace, 40, 60);
    expect(pace.limit).toBe(1);
    settleTimes(pace, 200, 2);
    expect(pace.limit).toBe(10);
  });

  it("is not held down by a database that is far away", () => {
    const pace = createDeliveryPace(10);
    settleTimes(pace, 200, 50);
    expect(pace.limit).toBe(10);
  });
});
