import { create } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { QuotaFailure_ViolationSchema } from "../../../../gen/google/rpc/error_details_pb.ts";
import { IdentitySchema, State as IdentityState } from "../../../../gen/ostiary/identity/v1/identity_pb.ts";
import { RevokeOtherSessionsResponseSchema } from "../../../../gen/ostiary/session/v1/session_service_pb.ts";
import { SettingsFlowSchema, State } from "../../../../gen/ostiary/settings/v1/flow_pb.ts";
import {
  UpdateFlowBodySchema,
  UpdateFlowResponseSchema,
} from "../../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import {
  ContinueWithSchema,
  NodeType,
  UiContainerSchema,
  UiNodeAttributesSchema,
  UiNodeSchema,
  UiTextType,
} from "../../../../gen/ostiary/ui/v1/ui_pb.ts";
import { createPrinters } from "../../../../src/server/rest/encode.ts";

const printers = createPrinters();
const at = (text: string) => ({ seconds: BigInt(Math.floor(Date.parse(text) / 1000)), nanos: 0 });

describe("a message prints", () => {
  test("plain fields always, optional ones when set, messages as null, lists as []", () => {
    const text = printers.of(SettingsFlowSchema)(
      create(SettingsFlowSchema, { id: "a", state: State.SHOW_FORM, type: 1, ui: { action: "x" } }),
    );
    expect(JSON.parse(text)).toEqual({
      id: "a",
      type: "browser",
      expires_at: null,
      issued_at: null,
      request_url: "",
      ui: { action: "x", method: "", nodes: [] },
      identity: null,
      state: "show_form",
      organization_id: null,
    });
  });

  test("an optional field that is set, a zero value included", () => {
    const flow = JSON.parse(
      printers.of(SettingsFlowSchema)(
        create(SettingsFlowSchema, { active: "", returnTo: "/x", organizationId: "org", transientPayload: {} }),
      ),
    );
    expect(flow).toMatchObject({ active: "", return_to: "/x", organization_id: "org", transient_payload: {} });
  });

  test("an enum by its value's name, without prefix and in lower case", () => {
    const text = printers.of(IdentitySchema)(create(IdentitySchema, { state: IdentityState.INACTIVE }));
    expect(JSON.parse(text).state).toBe("inactive");
  });

  test("times in UTC with no more digits than they have", () => {
    const times = [
      [at("2026-01-31T10:00:00Z"), "2026-01-31T10:00:00Z"],
      [{ ...at("2026-01-31T23:59:59Z"), nanos: 250_000_000 }, "2026-01-31T23:59:59.25Z"],
      [{ ...at("2024-02-29T00:00:01Z"), nanos: 1_000_000 }, "2024-02-29T00:00:01.001Z"],
      [{ ...at("2026-01-31T10:00:00Z"), nanos: 123_456_789 }, "2026-01-31T10:00:00.123456789Z"],
      [{ seconds: -1n, nanos: 0 }, "1969-12-31T23:59:59Z"],
    ] as const;
    for (const [createdAt, printed] of times)
      expect(JSON.parse(printers.of(IdentitySchema)(create(IdentitySchema, { createdAt }))).created_at).toBe(printed);
  });

  test("free JSON as it is", () => {
    const traits = { email: "a@b.c", n: 1.5, deep: [{ $typeName: "not a message" }, null], 'quote"d': "\u2028\n" };
    const identity = create(IdentitySchema, {
      traits,
      metadataPublic: create(ValueSchema, { kind: { case: "stringValue", value: "x" } }),
    });
    expect(JSON.parse(printers.of(IdentitySchema)(identity))).toMatchObject({ traits, metadata_public: "x" });
  });

  test("a Value that is an object or null", () => {
    const value = create(ValueSchema, { kind: { case: "nullValue", value: 0 } });
    expect(
      JSON.parse(printers.of(IdentitySchema)(create(IdentitySchema, { metadataPublic: value }))).metadata_public,
    ).toBeNull();
  });

  test("32-bit integers as numbers, 64-bit ones as strings", () => {
    expect(
      printers.of(RevokeOtherSessionsResponseSchema)(create(RevokeOtherSessionsResponseSchema, { count: 3 })),
    ).toBe('{"count":3}');
    const violation = create(QuotaFailure_ViolationSchema, { quotaValue: 9_007_199_254_740_993n });
    expect(JSON.parse(printers.of(QuotaFailure_ViolationSchema)(violation)).quota_value).toBe("9007199254740993");
  });

  test("a field mask as paths, and nothing of what only leads a browser on", () => {
    const body = create(UpdateFlowBodySchema, { updateMask: { paths: ["traits.name.first", "traits.age"] } });
    expect(JSON.parse(printers.of(UpdateFlowBodySchema)(body))).toEqual({
      csrf_token: "",
      update_mask: "traits.name.first,traits.age",
    });
    const response = printers.of(UpdateFlowResponseSchema)(
      create(UpdateFlowResponseSchema, { redirectBrowserTo: "/secret", etag: "7" }),
    );
    expect(JSON.parse(response)).toEqual({ flow: null, etag: "7" });
  });

  test("a tagged oneof inlined beside its tag", () => {
    const attributes = create(UiNodeAttributesSchema, {
      kind: {
        case: "input",
        value: {
          name: "csrf_token",
          type: "hidden",
          required: true,
          value: create(ValueSchema, { kind: { case: "boolValue", value: false } }),
        },
      },
    });
    expect(JSON.parse(printers.of(UiNodeAttributesSchema)(attributes))).toEqual({
      name: "csrf_token",
      type: "hidden",
      value: false,
      required: true,
      disabled: false,
      node_type: "input",
    });
    const next = create(ContinueWithSchema, {
      next: { case: "redirectBrowserTo", value: { redirectBrowserTo: "/there" } },
    });
    expect(JSON.parse(printers.of(ContinueWithSchema)(next))).toEqual({
      action: "redirect_browser_to",
      redirect_browser_to: "/there",
    });
    expect(printers.of(ContinueWithSchema)(create(ContinueWithSchema))).toBe("{}");
  });

  test("a field under the name the option gives it, and a map", () => {
    const input = create(UiNodeAttributesSchema, { kind: { case: "input", value: { onclickTrigger: "go" } } });
    expect(JSON.parse(printers.of(UiNodeAttributesSchema)(input))).toMatchObject({ onclickTrigger: "go" });
    const div = create(UiNodeAttributesSchema, { kind: { case: "div", value: { id: "d", data: { 'a"': "1" } } } });
    expect(JSON.parse(printers.of(UiNodeAttributesSchema)(div))).toEqual({
      id: "d",
      data: { 'a"': "1" },
      node_type: "div",
    });
  });

  test("strings that JSON must escape", () => {
    for (const text of ['"', "\\", "\n\u0000", "\ud800", "é😀", "x".repeat(500)]) {
      expect(JSON.parse(printers.of(UiContainerSchema)(create(UiContainerSchema, { action: text }))).action).toBe(
        JSON.parse(JSON.stringify(text)),
      );
    }
  });
});

describe("a frozen message", () => {
  const node = () =>
    create(UiNodeSchema, {
      type: NodeType.INPUT,
      group: "profile",
      meta: { label: { id: 1, text: "Name", type: UiTextType.INFO } },
    });
  const deepFreeze = <T>(value: T): T => {
    if (typeof value === "object" && value !== null) {
      for (const inner of Object.values(value)) deepFreeze(inner);
      Object.freeze(value);
    }
    return value;
  };

  test("prints the same as one that is not", () => {
    const printer = printers.of(UiNodeSchema);
    const frozen = deepFreeze(node());
    expect(printer(frozen)).toBe(printer(node()));
    expect(printer(frozen)).toBe(printer(frozen));
  });

  test("is not kept when something in it can still change", () => {
    const printer = printers.of(UiNodeSchema);
    const shallow = Object.freeze(node());
    const before = printer(shallow);
    if (shallow.meta?.label !== undefined) shallow.meta.label.text = "Changed";
    expect(printer(shallow)).not.toBe(before);
  });
});
