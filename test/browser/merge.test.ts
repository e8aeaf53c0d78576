import { afterAll, beforeAll, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { send } from "../protocols/http.ts";
import { spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { identitySchemaUrl } from "../protocols/schema.ts";
import type { TestServer } from "../protocols/server.ts";
import { startHostedServer } from "./hosted-server.ts";

/* Merging two accounts on the pages, without a script. */

let server: TestServer;
beforeAll(async () => {
  server = await startHostedServer({
    account: { merge: { enabled: true } },
    identity: { schemas: [{ id: "person", url: identitySchemaUrl }] },
  });
});
afterAll(() => server?.stop());

const look = (visitor: Visitor, page: string) =>
  send(`${server.url}/hosted/${page}`, { headers: { accept: acceptHtml, cookie: visitor.credentials.jar?.header } });
const press = (visitor: Visitor, page: string, fields: Readonly<Record<string, string>>, site = "same-origin") =>
  send(`${server.url}/hosted/${page}`, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      accept: acceptHtml,
      cookie: visitor.credentials.jar?.header,
      origin: server.url,
      "sec-fetch-site": site,
    },
    body: new URLSearchParams(fields).toString(),
  });
const valueIn = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";

it("one browser begins, another one gives the code, and the first sees what is lost and confirms", async () => {
  const [into, from] = [await enterAsNewPerson(spa, server), await enterAsNewPerson(spa, server)];
  const { id } = accepted(await into.visitor.settings.create());
  expect((await look(into.visitor, `settings?flow=${id}`)).text).toContain('action="merge-begin"');
  expect((await press(into.visitor, "merge-begin", {}, "cross-site")).status).toBe(403);
  expect((await look(into.visitor, "merge")).status).toBe(404);
  const code = valueIn((await press(into.visitor, "merge-begin", {})).text, /<code[^>]*>([^<]{64})<\/code>/);
  const offered = await press(from.visitor, "merge-offer", { code: ` ${code} `, back: "settings" });
  expect(offered.text).toContain("This account is offered");
  const shown = await look(into.visitor, "merge");
  expect(shown.text).toContain(from.person.email);
  expect(shown.text).toContain("it was never verified");
  const etag = valueIn(shown.text, /name="etag" value="([^"]+)"/);
  expect((await press(into.visitor, "merge-confirm", { etag })).headers.location).toContain("merge");
  expect((await press(into.visitor, "merge-confirm", { etag: "another", confirm: "true" })).status).toBe(303);
  accepted(await from.visitor.whoami());
  const done = await press(into.visitor, "merge-confirm", { etag, confirm: "true" });
  expect(done.text).toContain("The accounts are one now");
  accepted(await into.visitor.whoami());
  expect(refused(await from.visitor.whoami()).reason).toBe("SESSION_INACTIVE");
});
