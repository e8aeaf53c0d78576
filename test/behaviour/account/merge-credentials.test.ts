import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MergeService } from "../../../gen/ostiary/account/v1/merge_service_pb.ts";
import { AddressService } from "../../../gen/ostiary/address/v1/address_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { merge } from "../../../src/config/tree.ts";
import { codeAt, enrolCodes, enrolTotp, stepUp, stepUpByTotp } from "../../protocols/factors.ts";
import { nativeRest, spa } from "../../protocols/json-rest.ts";
import { type Account, newAccount, newInvited, offerTo, shownTo, withMerging } from "../../protocols/merging.ts";
import { done, operatorGrpc, operatorRest } from "../../protocols/operators.ts";
import { asOwner } from "../../protocols/owners.ts";
import { change, enterAs, newEmail, signIn } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { linksOf } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What is good for what after a merge. */

const rpc = MergeService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: merge(withMerging, {
      session: { trusted_devices: { enabled: true } },
      selfservice: {
        flows: {
          settings: { after: { profile: { hooks: [{ hook: "verify_new_address" }] } } },
          verification: { enabled: true },
        },
      },
    }),
  });
});
afterAll(() => server?.stop());

const linkOf = (subject: string): JsonObject => ({
  oidc: { config: { providers: [{ provider: "github", subject, initial_access_token: `token of ${subject}` }] } },
});
const waiting = async ({ visitor }: Account) =>
  done(await asOwner(operatorRest, server)(visitor, AddressService.method.listPendingAddresses)).pending_addresses;

describe.each([operatorRest, operatorGrpc])("through $name", (protocol) => {
  const mergeBoth = async (into: Pick<Account, "visitor">, from: Pick<Account, "visitor">): Promise<void> => {
    await offerTo(server, into.visitor, from.visitor);
    const { etag } = await shownTo(server, into.visitor);
    done(await asOwner(protocol, server)(into.visitor, rpc.confirmMerge, { etag }));
  };

  it("a password that comes along is good with the address of the account that stays, and with no other", async () => {
    const [into, { visitor, email, password }] = [await newInvited(server), await newAccount(server)];
    await mergeBoth(into, { visitor });
    const device = nativeRest.enter(server);
    accepted(await signIn(device, { email: into.email, password }));
    expect(accepted(await device.whoami()).identityId).toBe(into.id);
    refused(await signIn(nativeRest.enter(server), { email, password }));
  });

  it("several accounts of one provider come together, each with the tokens that are stored of it", async () => {
    const [one, two, three] = [newEmail(), newEmail(), newEmail()];
    const into = await newAccount(server, { credentials: linkOf(one) });
    const other = await newAccount(server, { credentials: linkOf(two) });
    await offerTo(server, into.visitor, other.visitor);
    const { items } = await shownTo(server, into.visitor);
    expect(items).toContainEqual({ kind: "oidc", name: `github: ${two}`, comes: true, reason: "" });
    await mergeBoth(into, other);
    await mergeBoth(into, await newAccount(server, { credentials: linkOf(three) }));
    expect(await linksOf(server, into.id)).toEqual([one, two, three].map((each) => `github:${each}`).toSorted());
    const asked = { id: into.id, include_credential: ["oidc"] };
    const answer = done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.getIdentity, asked));
    const { credentials } = answer.identity as { credentials: { oidc: { config: { providers: unknown } } } };
    expect(credentials.oidc.config.providers).toMatchObject(
      [one, two, three].map((subject) => ({ subject, initial_access_token: `token of ${subject}` })),
    );
  });

  it("codes that were used stay used", async () => {
    const [into, from] = [await newAccount(server), await newAccount(server)];
    const secret = await enrolTotp(from.visitor, server);
    const [used = "", unused = ""] = await enrolCodes(from.visitor);
    const device = await enterAs(nativeRest, server, from);
    accepted(await stepUp(device, { method: "lookup_secret", lookup_secret: used }));
    accepted(await stepUpByTotp(await enterAs(nativeRest, server, from), server, secret));
    const shown = codeAt(secret, server.clock.now());
    await mergeBoth(into, from);
    const again = await enterAs(nativeRest, server, into);
    refused(await stepUp(again, { method: "totp", totp_code: shown }));
    refused(await stepUp(again, { method: "lookup_secret", lookup_secret: used }));
    accepted(await stepUp(again, { method: "lookup_secret", lookup_secret: unused }));
    accepted(await stepUpByTotp(await enterAs(nativeRest, server, into), server, secret));
  });

  it("browsers that the account trusted, and addresses that wait, are no longer", async () => {
    const [into, from] = [await newAccount(server, {}, spa), await newAccount(server)];
    const secret = await enrolTotp(into.visitor, server);
    const browser = await enterAs(spa, server, into);
    server.clock.advance(30_000);
    const totp_code = codeAt(secret, server.clock.now());
    accepted(await stepUp(browser, { method: "totp", totp_code, trust_device: true }));
    expect(accepted(await into.visitor.trustedDevices())).toHaveLength(1);
    accepted(await change(into.visitor, { method: "profile", traits: { email: newEmail() } }));
    expect(await waiting(into)).toHaveLength(1);
    await mergeBoth(into, from);
    expect(accepted(await into.visitor.trustedDevices())).toEqual([]);
    expect(await waiting(into)).toEqual([]);
  });
});
