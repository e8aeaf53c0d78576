import type { DescMethodUnary, JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountAdminService } from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { AddressService } from "../../../gen/ostiary/address/v1/address_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { createApiKey } from "../../../src/lib/api-key.ts";
import { uuidText } from "../../../src/lib/ids.ts";
import { enrolTotp, withFactors } from "../../protocols/factors.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, type OperatorAnswer, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { asOwner } from "../../protocols/owners.ts";
import { change, enterAs, enterAsNewPerson, newEmail, newPassword } from "../../protocols/person.ts";
import { accepted, refused, type Visitor } from "../../protocols/protocol.ts";
import { eventsOf } from "../../protocols/rows.ts";
import { lastCodeTo } from "../../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What somebody has, page by page: for themselves, and for operators in the same words. */

const owners = { ...AccountService.method, ...AddressService.method };
const operators = AccountAdminService.method;
const proven = { verification: { via: "email" } };
const schema = {
  type: "object",
  properties: {
    traits: {
      type: "object",
      properties: {
        email: {
          type: "string",
          format: "email",
          "ory.sh/kratos": { credentials: { password: { identifier: true } }, ...proven },
        },
        others: { type: "array", items: { type: "string", format: "email", "ory.sh/kratos": proven } },
      },
      required: ["email"],
    },
  },
};
const configured = {
  identity: {
    schemas: [{ id: "person", url: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }],
  },
  selfservice: {
    ...withFactors.selfservice,
    flows: {
      settings: { after: { profile: { hooks: [{ hook: "verify_new_address" }] } } },
      verification: { enabled: true },
    },
  },
  limits: { messages: { per_network: 100_000, per_address: 1_000, per_identity: 1_000 } },
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: configured });
});
afterAll(() => server?.stop());

/** The token of the next page: over REST it stands in the `Link` header. */
const nextOf = (answer: OperatorAnswer): string => {
  const { next_page_token: token } = done(answer);
  if (typeof token === "string") return token;
  const [, next = ""] = /<([^>]*)>; rel="next"/.exec((answer.ok && answer.headers.link) || "") ?? [];
  return new URL(next, "http://nowhere").searchParams.get("page_token") ?? "";
};

type Ask = (message: JsonObject) => Promise<OperatorAnswer>;

/** The pages of a list, of so many entries each. */
const pagesOf = async (ask: Ask, field: string, size: number): Promise<readonly JsonObject[][]> => {
  const pages: JsonObject[][] = [];
  for (let token: string | undefined; token !== ""; ) {
    const answer = await ask({ page_size: size, ...(token !== undefined && { page_token: token }) });
    pages.push(done(answer)[field] as JsonObject[]);
    token = nextOf(answer);
    if (pages.length > 10) throw new Error("there is always another page");
  }
  return pages;
};

/** Somebody with that many accounts at providers. */
const withLinks = async (count: number) => {
  const [email, password] = [newEmail(), newPassword()];
  const providers = Array.from({ length: count }, (_, at) => ({ provider: "acme", subject: `${email}-${at}` }));
  const credentials = { password: { config: { password } }, oidc: { config: { providers } } };
  const body = { schema_id: "person", traits: { email }, credentials };
  const { identity } = done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.createIdentity, body));
  return {
    id: (identity as { id: string }).id,
    visitor: await enterAs(nativeRest, server, { email, password }),
    providers,
  };
};

/** Somebody who wants three addresses. */
const withAddresses = async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const wanted = [newEmail(), newEmail(), newEmail()];
  const [email, ...others] = wanted;
  accepted(await change(visitor, { method: "profile", traits: { email: email ?? "", others } }));
  return { id: person.id, visitor, wanted };
};

/** The verification flow in which a message went to an address. */
const flowFor = async (address: string): Promise<string> => {
  const flows = await server.sql<{ id: Buffer; form: unknown }>(
    "SELECT id, form FROM flows WHERE kind = 'verification'",
  );
  const [flow] = flows.filter(({ form }) => JSON.stringify(form).includes(address));
  if (flow === undefined) throw new Error(`no flow for ${address}`);
  return uuidText(flow.id);
};

/** Who asks for a list, and by which RPC. */
const sides = [
  {
    who: "an owner",
    of: { factors: owners.listFactors, links: owners.listLinks, pending: owners.listPendingAddresses },
  },
  {
    who: "an operator",
    of: {
      factors: operators.listIdentityFactors,
      links: operators.listIdentityLinks,
      pending: operators.listIdentityPendingAddresses,
    },
  },
] as const;

const ways = operatorProtocols.flatMap((protocol) => sides.map((side) => ({ name: protocol.name, protocol, ...side })));

describe.each(ways)("$who, through $name", ({ protocol, who, of }) => {
  const asking =
    (whose: { readonly id: string; readonly visitor: Visitor }, method: DescMethodUnary): Ask =>
    (message) =>
      who === "an owner"
        ? asOwner(protocol, server)(whose.visitor, method, message)
        : protocol.call(server.adminUrl, method, { id: whose.id, ...message });

  it("sees what the person signs in with, without a secret, page by page", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    await enrolTotp(visitor, server);
    const ask = asking({ id: person.id, visitor }, of.factors);
    const pages = await pagesOf(ask, "factors", 1);
    expect(pages.map(({ length }) => length)).toEqual([1, 1]);
    const [password, totp] = pages.flat();
    expect([password, totp]).toMatchObject([{ type: "password" }, { type: "totp", id: "" }]);
    const whole = await ask({});
    expect([done(whole).factors, nextOf(whole)]).toEqual([[password, totp], ""]);
    expect(JSON.stringify(done(whole))).not.toMatch(/hash|sealed|secret/);
  });

  it("sees accounts at providers page by page, fifty where no size is given", async () => {
    const whose = await withLinks(51);
    const ask = asking(whose, of.links);
    const first = await ask({});
    expect(done(first).links).toMatchObject(whose.providers.slice(0, 50));
    const second = await ask({ page_token: nextOf(first) });
    expect([done(second).links, nextOf(second)]).toMatchObject([whose.providers.slice(50), ""]);
    const pages = await pagesOf(ask, "links", 20);
    expect(pages.map(({ length }) => length)).toEqual([20, 20, 11]);
    expect(pages.flat()).toMatchObject(whose.providers);
    expect(done(await ask({ page_size: 1_000 })).links).toHaveLength(51);
  });

  it("sees addresses that wait page by page; one that is given up meanwhile hides no other", async () => {
    const whose = await withAddresses();
    const ask = asking(whose, of.pending);
    const whole = done(await ask({})).pending_addresses as { id: string; value: string }[];
    expect(whole.map(({ value }) => value).toSorted()).toEqual(whose.wanted.toSorted());
    expect(await pagesOf(ask, "pending_addresses", 2)).toEqual([whole.slice(0, 2), whole.slice(2)]);
    const first = await ask({ page_size: 1 });
    const id = whole[0]?.id ?? "";
    done(await asOwner(operatorRest, server)(whose.visitor, owners.cancelPendingAddress, { id }));
    const next = await ask({ page_size: 1, page_token: nextOf(first) });
    expect(done(next).pending_addresses).toEqual([whole[1]]);
  });

  it("is told that a page token is of another list or person, or is none, and that a size is negative", async () => {
    const [whose, other] = [await withLinks(2), await withLinks(2)];
    const ask = asking(whose, of.links);
    const token = nextOf(await ask({ page_size: 1 }));
    const refusals = [
      await asking(other, of.links)({ page_token: token }),
      await asking(whose, of.factors)({ page_token: token }),
      await asking(whose, of.pending)({ page_token: token }),
      await ask({ page_token: "forged" }),
      await ask({ page_size: -1 }),
    ];
    expect(refusals.map((answer) => [reasonOf(answer), !answer.ok && answer.field])).toEqual([
      ...Array.from({ length: 4 }, () => ["INVALID_FIELD", "page_token"]),
      ["INVALID_FIELD", "page_size"],
    ]);
  });
});

describe.each(operatorProtocols)("an operator, through $name", ({ call }) => {
  const ask = (method: DescMethodUnary, message: JsonObject) => call(server.adminUrl, method, message);

  it("gives up an address that waits: what was sent to it proves nothing, the others go on waiting", async () => {
    const { id, visitor } = await withAddresses();
    const list = async () =>
      done(await ask(operators.listIdentityPendingAddresses, { id })).pending_addresses as {
        id: string;
        value: string;
      }[];
    const [first, ...others] = await list();
    const code = await lastCodeTo(server, first?.value ?? "");
    const flow = await flowFor(first?.value ?? "");
    const cancelled = { id, pending_address_id: first?.id ?? "" };
    done(await ask(operators.cancelIdentityPendingAddress, cancelled));
    expect(await list()).toEqual(others);
    const late = await visitor.verification.update(flow, { method: "code", code });
    expect(accepted(late).flow?.texts.map((text) => text.id)).toEqual([4070006]);
    const { identity } = done(
      await operatorRest.call(server.adminUrl, IdentityAdminService.method.getIdentity, { id }),
    );
    expect(JSON.stringify(identity)).not.toContain(first?.value);
    // What does not wait any more, or is somebody else's, changes nothing.
    done(await ask(operators.cancelIdentityPendingAddress, cancelled));
    const stranger = await withAddresses();
    done(await ask(operators.cancelIdentityPendingAddress, { ...cancelled, id: stranger.id }));
    expect(await list()).toEqual(others);
    const events = await eventsOf(server, id);
    expect(events.filter((event) => event === "address.change_cancelled done")).toHaveLength(1);
  });

  it("sees no address whose session is over", async () => {
    const { id, visitor } = await withAddresses();
    done(await operatorRest.call(server.adminUrl, SessionAdminService.method.deleteIdentitySessions, { id }));
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(done(await ask(operators.listIdentityPendingAddresses, { id })).pending_addresses).toEqual([]);
  });

  it("hears that there is no such person, and that an id is none", async () => {
    const pending = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";
    for (const id of [pending, "x"]) {
      for (const { of } of sides.slice(1))
        for (const method of Object.values(of)) expect(reasonOf(await ask(method, { id }))).toBe("NOT_FOUND");
      const cancelled = { id, pending_address_id: pending };
      expect(reasonOf(await ask(operators.cancelIdentityPendingAddress, cancelled))).toBe("NOT_FOUND");
    }
    const { person } = await enterAsNewPerson(nativeRest, server);
    const answer = await ask(operators.cancelIdentityPendingAddress, { id: person.id, pending_address_id: "x" });
    expect([reasonOf(answer), !answer.ok && answer.field]).toEqual(["INVALID_FIELD", "pending_address_id"]);
  });
});

describe("with API keys", () => {
  const [reader, writer] = [createApiKey(), createApiKey()];
  beforeAll(() =>
    server.restart({
      ...configured,
      serve: {
        admin: {
          auth: {
            type: "api_keys",
            api_keys: [
              { id: "reader", digest: reader.digest, scopes: ["identities.read"] },
              { id: "support", digest: writer.digest, scopes: ["identities.write"] },
            ],
          },
        },
      },
    }),
  );

  it.each(operatorProtocols)(
    "lists ask to read, giving up asks to write, and says who did: $name",
    async ({ call }) => {
      const { id, visitor } = await withAddresses();
      const ask = (by: typeof reader, method: DescMethodUnary, message: JsonObject = {}) =>
        call(server.adminUrl, method, { id, ...message }, { authorization: `Bearer ${by.key}` });
      for (const method of Object.values(sides[1].of)) {
        done(await ask(reader, method));
        expect(reasonOf(await ask(writer, method))).toBe("SCOPE_REQUIRED");
      }
      const [first] = done(await ask(reader, operators.listIdentityPendingAddresses)).pending_addresses as {
        id: string;
      }[];
      const cancelled = { pending_address_id: first?.id ?? "" };
      expect(reasonOf(await ask(reader, operators.cancelIdentityPendingAddress, cancelled))).toBe("SCOPE_REQUIRED");
      done(await ask(writer, operators.cancelIdentityPendingAddress, cancelled));
      const { activity } = done(await asOwner(operatorRest, server)(visitor, owners.listActivity));
      expect(activity).toContainEqual(expect.objectContaining({ type: "address.change_cancelled", by_operator: true }));
    },
  );
});
