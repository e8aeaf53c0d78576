import { afterEach, describe, expect, it, vi } from "vitest";
import { durationText } from "../../../src/courier/texts.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("how long something takes", () => {
  it("is said in words of the language, in the largest unit that it is whole in", () => {
    expect(durationText("en", 10)).toBe("10 minutes");
    expect(durationText("de", 120)).toBe("2 Stunden");
    expect(durationText("en", 2880)).toBe("2 days");
    expect(durationText("fr", 1)).toBe("1 minute");
  });

  it("takes one format for all messages of a language and unit", () => {
    durationText("es", 5);
    const created = vi.spyOn(Intl, "NumberFormat");
    for (let minutes = 1; minutes < 50; minutes++) durationText("es", minutes);
    expect(created).not.toHaveBeenCalled();
  });
});
