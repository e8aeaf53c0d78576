import { describe, expect, it } from "vitest";
import { createDescribeIdentity } from "../../../src/courier/describe-identity.ts";
import { compileTemplate } from "../../../src/courier/go-template/compile.ts";
import { createTemplateShape } from "../../../src/courier/template-shape.ts";
import type { IdentityRecord } from "../../../src/identity/identity.ts";
import { compileIdentitySchema } from "../../../src/schema/identity-schema.ts";

const schemaOf = (traits: object) =>
  compileIdentitySchema({
    id: "person",
    publicUrl: "https://id.example.com",
    json: { type: "object", properties: { traits: { type: "object", ...traits } } },
  });
const text = { type: "string" };
const closed = schemaOf({
  additionalProperties: false,
  properties: {
    email: text,
    name: { type: "object", additionalProperties: false, properties: { first: text, last: text } },
    tags: { type: "array", items: { type: "object", additionalProperties: false, properties: { label: text } } },
    more: { type: "object", properties: { known: text } },
    either: { anyOf: [{ type: "string" }, { type: "object" }] },
  },
});
const record: IdentityRecord = {
  id: "01890a5d-ac96-774b-bcce-b302099a8057",
  externalId: "crm-17",
  schemaId: "person",
  state: "active",
  stateChangedAt: undefined,
  traits: { email: "ann@example.com", name: { first: "Ann", last: "Lee" }, tags: [{ label: "vip" }] },
  verifiable: [
    {
      id: "01890a5d-ac96-774b-bcce-b302099a8058",
      via: "email",
      value: "ann@example.com",
      verified: true,
      status: "completed",
      verified_at: "2026-11-27T12:00:00Z",
      created_at: "2026-11-27T11:00:00Z",
      updated_at: "2026-11-27T12:00:00Z",
    },
  ],
  recovery: [
    {
      id: "01890a5d-ac96-774b-bcce-b302099a8059",
      via: "email",
      value: "ann@example.com",
      created_at: "2026-11-27T11:00:00Z",
      updated_at: "2026-11-27T11:00:00Z",
    },
  ],
  credentials: { password: { identifiers: ["ann@example.com"], set: true, facts: {} } },
  metadataPublic: { plan: "gold" },
  metadataAdmin: { risk: "high" },
  organizationId: "01890a5d-ac96-774b-bcce-b302099a8060",
  version: 3,
  createdAt: new Date("2026-11-27T11:00:00Z"),
  updatedAt: new Date("2026-11-27T12:00:00Z"),
};
const identity = createDescribeIdentity({ get: () => closed })(record);
const fill = (source: string, schemas = [closed]) =>
  compileTemplate(source, { kind: "text", data: createTemplateShape(schemas) }).render(
    { Identity: identity, Traits: record.traits },
    new Date(),
  );

describe("a template knows of an account", () => {
  it.each([
    [".Identity.id", record.id],
    [".Identity.external_id", "crm-17"],
    [".Identity.schema_id", "person"],
    [".Identity.schema_url", "https://id.example.com/schemas/person"],
    [".Identity.state", "active"],
    [".Identity.created_at", "2026-11-27T11:00:00Z"],
    [".Identity.updated_at", "2026-11-27T12:00:00Z"],
    [".Identity.organization_id", "01890a5d-ac96-774b-bcce-b302099a8060"],
    [".Identity.metadata_public.plan", "gold"],
    [".Identity.traits.name.first", "Ann"],
    [".Traits.email", "ann@example.com"],
    ["(index .Identity.traits.tags 0).label", "vip"],
    ["(index .Identity.recovery_addresses 0).value", "ann@example.com"],
  ])("%s", (path, expected) => {
    expect(fill(`{{ ${path} }}`)).toBe(expected);
  });

  it("its addresses with how far they are proven", () => {
    const source =
      "{{ range .Identity.verifiable_addresses }}{{ .via }} {{ .value }} {{ .verified }} {{ .status }} " +
      "{{ .verified_at }}{{ end }}";
    expect(fill(source)).toBe("email ann@example.com true completed 2026-11-27T12:00:00Z");
  });

  it("neither credentials nor what operators alone know", () => {
    expect(JSON.stringify(identity)).not.toMatch(/credentials|metadata_admin|risk/);
    expect(() => fill("{{ .Identity.credentials }}")).toThrow("there is no .Identity.credentials; .Identity has .id,");
    expect(() => fill("{{ .Identity.metadata_admin }}")).toThrow("there is no .Identity.metadata_admin");
  });
});

describe("a name that does not exist ends the start", () => {
  it.each([
    ["{{ .Identity.trait.email }}", "line 1: there is no .Identity.trait; .Identity has .id"],
    ["{{ .Identity.traits.nmae }}", "there is no .Identity.traits.nmae; .Identity.traits has .email, .name"],
    ["{{ .Traits.nmae }}", "there is no .Traits.nmae"],
    ["{{ .Identity.traits.name.frist }}", "there is no .Identity.traits.name.frist"],
    [
      "{{ .Identity.traits.email.host }}",
      "there is no .Identity.traits.email.host: .Identity.traits.email has no members",
    ],
    ["{{ .Identity.state.name }}", "has no members"],
    ["{{ with .Identity.traits.name }}{{ .frist }}{{ end }}", "there is no .frist; there are .first, .last"],
    ["{{ range .Identity.verifiable_addresses }}\n{{ .valeu }}{{ end }}", "line 2: there is no .valeu"],
    ["{{ range $a := .Identity.verifiable_addresses }}{{ $a.valeu }}{{ end }}", "there is no $a.valeu; $a has .id"],
    ["{{ $i := .Identity }}{{ $i.emial }}", "there is no $i.emial"],
    ["{{ range .Identity.traits.tags }}{{ .lable }}{{ end }}", "there is no .lable; there are .label"],
    ['{{ index .Identity.traits "nmae" }}', "there is no (…).nmae"],
    ['{{ define "u" }}{{ .nmae }}{{ end }}{{ template "u" .Identity.traits }}', 'in "u", line 1: there is no .nmae'],
  ])("%s", (source, message) => {
    expect(() => fill(source)).toThrow(message);
  });

  it.each([
    "{{ .Identity.traits.more.anything.at.all }}",
    "{{ .Identity.traits.either.anything }}",
    "{{ .Identity.metadata_public.anything.at.all }}",
    "{{ .TransientPayload.anything }}",
    '{{ (index .Identity.traits "tags") }}',
  ])("unless what may be there is not known: %s", (source) => {
    expect(() => fill(source)).not.toThrow();
  });

  it("one that only a schema of several has is there, and any that an open one may have", () => {
    const other = schemaOf({ additionalProperties: false, properties: { phone: text, name: text } });
    expect(fill("{{ .Identity.traits.phone }}{{ .Identity.traits.name.first }}", [closed, other])).toBe("Ann");
    expect(() => fill("{{ .Identity.traits.nmae }}", [closed, other])).toThrow("there is no .Identity.traits.nmae");
    expect(fill("{{ .Identity.traits.nmae }}", [closed, schemaOf({ properties: { phone: text } })])).toBe("");
    expect(fill("{{ .Identity.traits.nmae }}", [])).toBe("");
  });
});
