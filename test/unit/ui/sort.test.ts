import type { JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { csrfNode, inputNode, nodeId } from "../../../src/ui/node.ts";
import { sortNodes } from "../../../src/ui/sort.ts";
import "../../setup/seeded.ts";

const node = (group: string, name: string, value?: JsonValue): UiNode =>
  inputNode({ group, name, type: "text", value });
const names = (nodes: readonly UiNode[]) => nodes.map((sorted) => `${sorted.group}/${nodeId(sorted)}`);
const settings = {
  groups: ["default", "profile", "password", "oidc", "lookup_secret", "webauthn", "passkey", "totp"],
  keys: [
    "traits.email",
    "traits.name",
    "traits.age",
    "traits.name_suffix",
    "traits.tags",
    "webauthn_remove",
    "webauthn_register_displayname",
    "webauthn_register",
    "totp_qr",
    "totp_code",
  ],
};

describe("the order of a form", () => {
  it.each([
    [
      "groups in the order of the flow, unknown ones first",
      [node("totp", "totp_code"), node("password", "password"), node("default", "x"), node("saml", "y")],
      ["saml/y", "default/x", "password/password", "totp/totp_code"],
    ],
    [
      "the anti-CSRF field first whatever its token, `method` last",
      [
        node("default", "a", "a"),
        csrfNode("zzz"),
        node("profile", "method", "profile"),
        node("profile", "traits.unknown"),
      ],
      ["default/csrf_token", "default/a", "profile/traits.unknown", "profile/method"],
    ],
    [
      "traits in the order of the schema, unknown ones after",
      [
        node("profile", "traits.zip"),
        node("profile", "traits.age"),
        node("profile", "traits.name.last"),
        node("profile", "traits.email"),
      ],
      ["profile/traits.email", "profile/traits.name.last", "profile/traits.age", "profile/traits.zip"],
    ],
    [
      "a trait whose name begins with another's at its own place",
      [node("profile", "traits.name_suffix", "a"), node("profile", "traits.age"), node("profile", "traits.name")],
      ["profile/traits.name", "profile/traits.age", "profile/traits.name_suffix"],
    ],
    [
      "the entries of a list behind the list, in their order",
      [
        node("profile", "traits.tags.10", "a"),
        node("profile", "traits.tags.2", "c"),
        node("profile", "traits.tags"),
        node("profile", "traits.tags.0", "b"),
      ],
      ["profile/traits.tags", "profile/traits.tags.0", "profile/traits.tags.2", "profile/traits.tags.10"],
    ],
    [
      "buttons of one name by their value",
      [node("oidc", "unlink", "google"), node("oidc", "link", "github"), node("oidc", "link", "acme")],
      ["oidc/link", "oidc/link", "oidc/unlink"],
    ],
    [
      "security keys as observed",
      [
        node("webauthn", "webauthn_script"),
        node("webauthn", "webauthn_register_trigger", "{"),
        node("webauthn", "webauthn_register", ""),
        node("webauthn", "webauthn_register_displayname", ""),
        node("webauthn", "webauthn_remove", "ff"),
      ],
      [
        "webauthn/webauthn_remove",
        "webauthn/webauthn_register_displayname",
        "webauthn/webauthn_register",
        "webauthn/webauthn_register_trigger",
        "webauthn/webauthn_script",
      ],
    ],
  ])("has %s", (_, given, expected) => {
    expect(names(sortNodes(given, settings))).toEqual(expected);
  });

  it("is the flow's: sign-up shows providers first and the password last", () => {
    const form = [
      node("password", "password"),
      csrfNode(""),
      node("oidc", "provider", "acme"),
      node("default", "traits.email"),
    ];
    expect(names(sortNodes(form, { groups: ["oidc", "default", "password"], keys: ["traits.email"] }))).toEqual([
      "oidc/provider",
      "default/csrf_token",
      "default/traits.email",
      "password/password",
    ]);
  });

  it("leaves equals as they came, and sorting twice changes nothing", () => {
    const any = fc.record({
      group: fc.constantFrom("default", "profile", "password", "saml"),
      name: fc.constantFrom("traits.email", "traits.tags.0", "method", "csrf_token", "other"),
      value: fc.option(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(any), (parts) => {
        const sorted = sortNodes(
          parts.map(({ group, name, value }) => node(group, name, value)),
          settings,
        );
        expect(sorted).toHaveLength(parts.length);
        expect(sortNodes(sorted, settings)).toEqual(sorted);
      }),
    );
  });
});
