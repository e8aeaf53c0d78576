import { describe, expect, it } from "vitest";
import { newLink } from "../../../src/methods/oidc/new-link.ts";

const now = new Date("2030-01-31T09:30:00Z");
const linkOf = (claims: Record<string, string | number>) =>
  newLink({ provider: "acme", subject: "ann", tokens: undefined, claims }, now);

describe("a new link", () => {
  it("says when it was made, and what the account is called by its most telling claim", () => {
    const claims = { name: "Ann", preferred_username: "ann", email: " ann@example.com " };
    expect(linkOf(claims)).toEqual({
      provider: "acme",
      subject: "ann",
      tokens: undefined,
      linked_at: "2030-01-31T09:30:00.000Z",
      account: "ann@example.com",
    });
    expect(linkOf({ email: " ", name: "Ann" }).account).toBe("Ann");
  });

  it("has no name where the provider tells none, and never one without end", () => {
    expect(linkOf({ email: 7 })).not.toHaveProperty("account");
    expect(linkOf({ name: "x".repeat(1_000) }).account).toHaveLength(254);
  });
});
