import { afterAll, beforeAll, expect, it } from "vitest";
import { InvitationAdminService } from "../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { acceptHtml } from "../protocols/browser-form.ts";
import { send } from "../protocols/http.ts";
import { createJar } from "../protocols/jar.ts";
import { lastMessageTo } from "../protocols/messages.ts";
import { done, operatorRest } from "../protocols/operators.ts";
import { newEmail } from "../protocols/person.ts";
import { identitySchemaUrl } from "../protocols/schema.ts";
import type { TestServer } from "../protocols/server.ts";
import { startHostedServer } from "./hosted-server.ts";

/* The link of an invitation, on the pages and without a script. */

let server: TestServer;
beforeAll(async () => {
  server = await startHostedServer({ identity: { schemas: [{ id: "person", url: identitySchemaUrl }] } });
});
afterAll(() => server?.stop());

it("the link shows a page that changes nothing; its button signs in at the settings, once", async () => {
  const email = newEmail();
  const { inviteIdentity } = InvitationAdminService.method;
  done(await operatorRest.call(server.adminUrl, inviteIdentity, { traits: { email } }));
  const { url } = await lastMessageTo(server, email);
  const jar = createJar();
  const look = (at: string) => send(at, { headers: { accept: acceptHtml, cookie: jar.header } });
  for (let times = 0; times < 20; times++) expect((await look(url)).text).toContain("You are invited");
  const token = /name="token" value="([^"]+)"/.exec((await look(url)).text)?.[1] ?? "";
  const press = () =>
    send(`${server.url}/self-service/invitation`, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        accept: acceptHtml,
        origin: server.url,
        "sec-fetch-site": "same-origin",
      },
      body: new URLSearchParams({ token }).toString(),
    });
  const entered = await press();
  expect(entered.status).toBe(303);
  jar.take(entered.setCookies);
  const settings = await look(entered.headers.location ?? "");
  expect(settings.text).toContain("Your account is ready.");
  expect(settings.text).toContain(email);
  const { headers } = await press();
  expect(headers.location).toBe(`${server.url}/hosted/invitation?over=true`);
  expect(await look(headers.location ?? "")).toMatchObject({
    status: 404,
    text: expect.stringContaining("This invitation is no longer valid"),
  });
});
