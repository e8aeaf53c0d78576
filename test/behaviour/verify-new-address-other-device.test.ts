import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { enrolCodes, stepUp, withFactors } from "../protocols/factors.ts";
import { send } from "../protocols/http.ts";
import { createJar } from "../protocols/jar.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { messagesTo } from "../protocols/messages.ts";
import { change, enterAsNewPerson, newEmail, newPhone } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { answering, type Receiver, startReceiver } from "../protocols/receiver.ts";
import { idBytes } from "../protocols/rows.ts";
import { codeSchemaUrl } from "../protocols/schema.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* A new address is proven by the link of a mail or the code of a text message, on a device that has nothing else. */

let texts: Receiver;
let server: TestServer;
/** A node that sends codes, where the other one sends links. */
let byCode: TestServer;
const configured = (use: "code" | "link"): Raw => ({
  identity: { schemas: [{ id: "person", url: codeSchemaUrl }] },
  selfservice: {
    methods: { ...withFactors.selfservice.methods, link: { enabled: true } },
    flows: {
      settings: { after: { profile: { hooks: [{ hook: "verify_new_address" }] } } },
      verification: { enabled: true, use },
    },
  },
  courier: { channels: [{ id: "sms", request_config: { url: `${texts.url}/texts`, method: "POST" } }] },
  limits: { messages: { per_network: 10_000 } },
});
beforeAll(async () => {
  texts = await startReceiver();
  texts.answer = answering(200, {});
  server = await startServer({ overrides: configured("link") });
  byCode = await startServer({ overrides: configured("code"), beside: server });
});
afterAll(async () => {
  await byCode?.stop();
  await server?.stop();
  await texts?.close();
});

const accountOf = async (id: string) => {
  const [row] = await server.sql<{ traits: unknown; addresses: unknown }>(
    "SELECT traits, addresses FROM identities WHERE id = ?",
    [idBytes(id)],
  );
  const json = (value: unknown) => (typeof value === "string" ? JSON.parse(value) : value) as Record<string, unknown>;
  return { traits: json(row?.traits), verifiable: json(row?.addresses).verifiable };
};
/** The addresses in the traits of somebody. */
const addressesIn = async (id: string) => {
  const { email, phone } = (await accountOf(id)).traits;
  return { email, ...(phone !== undefined && { phone }) };
};
const asking = async (
  protocol: Protocol,
  traits: { readonly email?: string; readonly phone?: string },
  node = server,
) => {
  const { person, visitor } = await enterAsNewPerson(protocol, node);
  accepted(await change(visitor, { method: "profile", traits: { email: person.email, ...traits } }));
  return { person, visitor };
};

/** A browser that has never been here. */
const newBrowser = () => {
  const jar = createJar();
  return async (url: string, options: Parameters<typeof send>[1] = {}) => {
    const received = await send(url, {
      ...options,
      headers: { accept: "text/html", cookie: jar.header, ...options.headers },
    });
    jar.take(received.setCookies);
    return received;
  };
};
interface Form {
  readonly state: string;
  readonly ui: {
    readonly action: string;
    readonly nodes: readonly { readonly attributes: { readonly name?: string; readonly value?: string } }[];
  };
}
/** Opens the link of a mail there, and submits the form that it leads to. */
const follow = async (url: string): Promise<string> => {
  const browse = newBrowser();
  const opened = await browse(url);
  expect(opened.headers.location?.startsWith(`${ui.verification}?flow=`)).toBe(true);
  const id = new URL(opened.headers.location ?? "").searchParams.get("flow") ?? "";
  const read = async () =>
    (
      await browse(`${server.url}/self-service/verification/flows?id=${id}`, {
        headers: { accept: "application/json" },
      })
    ).json as unknown as Form;
  const form = await read();
  const shown = (name: string) =>
    form.ui.nodes.find(({ attributes }) => attributes.name === name && attributes.value)?.attributes.value ?? "";
  const posted = await browse(form.ui.action, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      origin: ui.origin,
      "sec-fetch-site": "same-site",
    },
    body: new URLSearchParams({
      method: "link",
      token: shown("token"),
      csrf_token: shown("csrf_token"),
    }).toString(),
  });
  expect(posted.status).toBe(303);
  return (await read()).state;
};

/** The verification flow of an address that waits. */
const flowFor = async (address: string): Promise<string> => {
  const rows = await server.sql<{ id: Buffer; form: unknown }>(
    "SELECT id, form FROM flows WHERE kind = 'verification' ORDER BY id DESC",
  );
  const hex = rows.find(({ form }) => JSON.stringify(form).includes(address))?.id.toString("hex") ?? "";
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};

/** The flow of a text message that waits, and its code as the service that sends them got it. */
const textTo = async (phone: string) => {
  const sent = () => texts.bodies().find((body) => JSON.stringify(body).includes(phone));
  await expect.poll(sent, { timeout: 15_000 }).toBeDefined();
  const [code = ""] = /\b\d{6}\b/.exec(String(sent()?.body)) ?? [];
  return { flow: await flowFor(phone), code };
};

describe.each(protocols)("asked for through $name", (protocol) => {
  it("a mail address is the account's once its link was followed in a browser that has never been here", async () => {
    const email = newEmail();
    const { person, visitor } = await asking(protocol, { email });
    const [{ url } = { url: "" }, ...more] = await messagesTo(server, email);
    expect(more).toEqual([]);
    // Opened by a scanner it proves nothing.
    expect((await newBrowser()(url)).status).toBe(303);
    expect(accepted(await visitor.pendingAddresses())).toMatchObject([{ via: "email", value: email }]);
    expect(await follow(url)).toBe("passed_challenge");
    expect(await accountOf(person.id)).toMatchObject({
      traits: { email },
      verifiable: [{ value: email, verified: true, status: "completed" }],
    });
    expect(accepted(await visitor.pendingAddresses())).toEqual([]);
    // The session of whoever asked goes on.
    accepted(await visitor.whoami());
  });

  it("a phone number is the account's once the code of its text message came from another device", async () => {
    const phone = newPhone();
    const { person, visitor } = await asking(protocol, { phone }, byCode);
    expect(accepted(await visitor.pendingAddresses())).toMatchObject([{ via: "sms", value: phone }]);
    expect(await addressesIn(person.id)).toEqual({ email: person.email });
    const { flow, code } = await textTo(phone);
    const device = nativeRest.enter(byCode);
    const submit = (text: string) => device.verification.update(flow, { method: "code", code: text });
    const wrong = accepted(await submit(code === "123456" ? "654321" : "123456")).flow;
    expect(wrong?.texts.map(({ id }) => id)).toEqual([4070006]);
    expect(await addressesIn(person.id)).toEqual({ email: person.email });
    expect(accepted(await submit(code)).flow?.state).toBe("passed_challenge");
    expect(await addressesIn(person.id)).toEqual({ email: person.email, phone });
    const { verifiable } = await accountOf(person.id);
    expect(verifiable).toEqual(
      expect.arrayContaining([expect.objectContaining({ via: "sms", value: phone, verified: true })]),
    );
    expect(accepted(await visitor.pendingAddresses())).toEqual([]);
  });
});

it("a link of an address that was given up proves nothing, in whatever browser", async () => {
  const email = newEmail();
  const { person, visitor } = await asking(nativeRest, { email });
  const [{ url } = { url: "" }] = await messagesTo(server, email);
  const [{ id } = { id: "" }] = accepted(await visitor.pendingAddresses());
  accepted(await visitor.cancelPending(id));
  const opened = await newBrowser()(url);
  expect(opened.status).toBe(303);
  const flow = new URL(opened.headers.location ?? "").searchParams.get("flow") ?? "";
  const token = new URL(url).searchParams.get("token") ?? "";
  refused(await nativeRest.enter(server).verification.update(flow, { method: "link", token }));
  expect(await addressesIn(person.id)).toEqual({ email: person.email });
});

it("nothing more is sent to an address whose session is over, as its code would prove nothing", async () => {
  const email = newEmail();
  const { visitor } = await asking(nativeRest, { email }, byCode);
  const sent = async () => (await messagesTo(byCode, email)).length;
  expect(await sent()).toBe(1);
  const flow = await flowFor(email);
  const again = () => nativeRest.enter(byCode).verification.update(flow, { method: "code", email });
  expect(accepted(await again()).flow?.state).toBe("sent_email");
  expect(await sent()).toBe(2);
  accepted(await visitor.signOut());
  // The answer is the same.
  expect(accepted(await again()).flow?.state).toBe("sent_email");
  expect(await sent()).toBe(2);
});

it("a backup code that is used is no other factor: the address still waits", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const [code = ""] = await enrolCodes(visitor);
  const email = newEmail();
  accepted(await change(visitor, { method: "profile", traits: { email } }));
  accepted(await stepUp(visitor, { method: "lookup_secret", lookup_secret: code }, { refresh: "true" }));
  const [{ url } = { url: "" }] = await messagesTo(server, email);
  expect(await follow(url)).toBe("passed_challenge");
  expect(await addressesIn(person.id)).toEqual({ email });
});
