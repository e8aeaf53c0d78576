import { describe, expect, it } from "vitest";
import { createAutocomplete } from "../../../src/hosted/autocomplete.ts";
import type { WireNode } from "../../../src/hosted/wire.ts";
import { csrf, input, submit } from "./nodes.ts";

const password = (autocomplete: string) => input("password", { name: "password", type: "password", autocomplete });
const identifier = input("default", { name: "identifier", autocomplete: "username webauthn" });
const email = (group: string) => input(group, { name: "traits.email", type: "email", autocomplete: "email" });
const trait = (name: string, group = "default") => input(group, { name: `traits.${name}` });
const tokens = (nodes: readonly WireNode[]): Record<string, string | undefined> => {
  const autocomplete = createAutocomplete(nodes);
  return Object.fromEntries(
    nodes.flatMap(({ attributes }) =>
      attributes.node_type === "input" && attributes.type !== "hidden" && attributes.type !== "submit"
        ? [[attributes.name, autocomplete(attributes)]]
        : [],
    ),
  );
};

describe("browsers and password managers are told", () => {
  it("what a person signs in with, and of passkeys only where there are any", () => {
    const login = [csrf, identifier, password("current-password")];
    expect(tokens(login)).toEqual({ identifier: "username", password: "current-password" });
    expect(tokens([...login, submit("passkey", "passkey_login_trigger", "", "Passkey")])).toMatchObject({
      identifier: "username webauthn",
    });
  });

  it("which address will be the user name of a new account", () => {
    const nodes = [csrf, email("default"), trait("name.first"), trait("name.last"), password("new-password")];
    expect(tokens(nodes)).toEqual({
      "traits.email": "username",
      "traits.name.first": "given-name",
      "traits.name.last": "family-name",
      password: "new-password",
    });
  });

  it("to leave that to the user name where there is one", () => {
    expect(tokens([csrf, email("default"), trait("username"), password("new-password")])).toMatchObject({
      "traits.email": "email",
      "traits.username": "username",
    });
  });

  it("that an address in the settings is an address", () => {
    expect(tokens([csrf, email("profile"), password("new-password")])).toMatchObject({ "traits.email": "email" });
  });

  it("what traits with usual names are, however they are spelt, and nothing of others", () => {
    expect(
      tokens(
        ["given_name", "familyName", "address.postal_code", "company", "shoe_size", "sub.city"].map((name) =>
          trait(name),
        ),
      ),
    ).toEqual({
      "traits.given_name": "given-name",
      "traits.familyName": "family-name",
      "traits.address.postal_code": "postal-code",
      "traits.company": "organization",
      "traits.shoe_size": undefined,
      "traits.sub.city": "address-level2",
    });
  });

  it("that a code is for once", () => {
    expect(tokens([input("totp", { name: "totp_code" }), input("code", { name: "code" })])).toEqual({
      totp_code: "one-time-code",
      code: "one-time-code",
    });
  });
});
