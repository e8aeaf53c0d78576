import { describe, expect, it } from "vitest";
import { createOneTimeCodes } from "../../../src/methods/code/one-time-code.ts";
import { createSteerableClock, minutes } from "../../protocols/clock.ts";

const clock = createSteerableClock();
const codes = createOneTimeCodes({ keys: ["a".repeat(16)], clock });
const binding = { flowId: "one", address: "ann@example.com", identityId: "ann" };

describe("a one-time code", () => {
  it("is right for its flow, address and person only", () => {
    const { code, sealed } = codes.issue(binding, minutes(10));
    expect(codes.check(sealed, binding, code)).toBe("right");
    expect(codes.check(sealed, { ...binding, flowId: "two" }, code)).toBe("wrong");
    expect(codes.check(sealed, { ...binding, address: "bob@example.com" }, code)).toBe("wrong");
    expect(codes.check(sealed, { ...binding, identityId: "bob" }, code)).toBe("wrong");
    expect(codes.check(sealed, { ...binding, identityId: undefined }, code)).toBe("wrong");
  });

  it("has six digits, each as likely as the other, and is not what is kept of it", () => {
    const drawn = Array.from({ length: 3_000 }, () => codes.issue(binding, 1));
    for (const { code, sealed } of drawn) {
      expect(code).toMatch(/^\d{6}$/);
      expect(JSON.stringify(sealed.digest)).not.toContain(code);
    }
    for (let place = 0; place < 6; place++)
      for (const digit of "0123456789") {
        const seen = drawn.filter(({ code }) => code[place] === digit).length;
        // 300 are expected, and 16 is their standard deviation.
        expect(Math.abs(seen - 300)).toBeLessThan(120);
      }
  });

  it("is over once its lifespan is", () => {
    const { code, sealed } = codes.issue(binding, minutes(10));
    clock.advance(minutes(10) - 1);
    expect(codes.check(sealed, binding, code)).toBe("right");
    clock.advance(1);
    expect(codes.check(sealed, binding, code)).toBe("expired");
    expect(codes.check(sealed, binding, wrong(code))).toBe("wrong");
  });

  it("may be typed with spaces, a hyphen or digits of full width", () => {
    const { code, sealed } = codes.issue(binding, minutes(10));
    const wide = code.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
    for (const typed of [
      ` ${code} `,
      `${code.slice(0, 3)} ${code.slice(3)}`,
      `${code.slice(0, 3)}-${code.slice(3)}`,
      wide,
    ])
      expect(codes.check(sealed, binding, typed)).toBe("right");
    for (const typed of ["", wrong(code), code.slice(1), `${code}0`, "x".repeat(100_000)])
      expect(codes.check(sealed, binding, typed)).toBe("wrong");
  });

  it("outlives a rotation of keys, as long as its key is there", () => {
    const { code, sealed } = codes.issue(binding, minutes(10));
    const after = createOneTimeCodes({ keys: ["b".repeat(16), "a".repeat(16)], clock });
    const gone = createOneTimeCodes({ keys: ["b".repeat(16)], clock });
    expect(after.check(sealed, binding, code)).toBe("right");
    expect(gone.check(sealed, binding, code)).toBe("wrong");
  });

  it("fits nothing where none was sent", () => {
    for (const sealed of [undefined, {}, { digest: "", expires_at: 9e15 }, { digest: "AA", expires_at: 9e15 }])
      expect(codes.check(sealed, binding, "123456")).toBe("wrong");
  });
});

const wrong = (code: string): string => (code === "123456" ? "654321" : "123456");
