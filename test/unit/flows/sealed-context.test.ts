import { describe, expect, it } from "vitest";
import { createSealedContext } from "../../../src/flows/shared/sealed-context.ts";
import { createAead } from "../../../src/lib/aead.ts";

const sealedContext = createSealedContext(createAead({ algorithm: "aes", keys: ["k".repeat(32)] }));
const flow = { id: "7d1a5e0c-5d5c-4b7a-9f0e-2f5a3a1c9b11", context: { refresh: true } };

describe("what a method remembers in a flow", () => {
  it("is opened by the method and the flow that it was sealed for", () => {
    const context = sealedContext.seal(flow, "totp", { secret: "canary" });
    expect(sealedContext.open({ ...flow, context }, "totp")).toEqual({ secret: "canary" });
  });

  it("stands beside the rest of the context, and beside what other methods remember", () => {
    const one = sealedContext.seal(flow, "totp", { n: 1 });
    const both = { ...flow, context: sealedContext.seal({ ...flow, context: one }, "webauthn", { n: 2 }) };
    expect(both.context.refresh).toBe(true);
    expect([sealedContext.open(both, "totp"), sealedContext.open(both, "webauthn")]).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("takes the place of what the method remembered before", () => {
    const before = { ...flow, context: sealedContext.seal(flow, "totp", { n: 1 }) };
    const context = sealedContext.seal(before, "totp", { n: 2 });
    expect(sealedContext.open({ ...flow, context }, "totp")).toEqual({ n: 2 });
  });

  it("is not readable in the row", () => {
    expect(JSON.stringify(sealedContext.seal(flow, "totp", { secret: "canary" }))).not.toContain("canary");
  });

  it("opens for no other flow, no other method and no other key", () => {
    const context = sealedContext.seal(flow, "totp", { n: 1 });
    const moved = { ...context, sealed: { webauthn: (context.sealed as Record<string, string>).totp ?? "" } };
    const stranger = createSealedContext(createAead({ algorithm: "aes", keys: ["x".repeat(32)] }));
    expect(sealedContext.open({ id: "00000000-0000-4000-8000-000000000000", context }, "totp")).toBeUndefined();
    expect(sealedContext.open({ ...flow, context: moved }, "webauthn")).toBeUndefined();
    expect(stranger.open({ ...flow, context }, "totp")).toBeUndefined();
  });

  it("is nothing where nothing was sealed", () => {
    expect(sealedContext.open(flow, "totp")).toBeUndefined();
  });
});
