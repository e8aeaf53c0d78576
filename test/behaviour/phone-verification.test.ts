import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seconds } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, newPhone } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { answering, type Receiver, startReceiver } from "../protocols/receiver.ts";
import { idBytes } from "../protocols/rows.ts";
import { codeSchemaUrl } from "../protocols/schema.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A phone number is verified by a code in a text message, where the courier has a channel for those. */

let service: Receiver;
let server: TestServer;
const configured = (channels: readonly object[]) => ({
  selfservice: { flows: { verification: { enabled: true } } },
  identity: { schemas: [{ id: "person", url: codeSchemaUrl }] },
  courier: { channels },
  limits: { messages: { per_network: 10_000 } },
});
const sms = () => [{ id: "sms", request_config: { url: `${service.url}/texts`, method: "POST" } }];
beforeAll(async () => {
  service = await startReceiver();
  server = await startServer({ overrides: configured(sms()) });
});
afterAll(async () => {
  await server?.stop();
  await service?.close();
});

/** The newest code that the service delivered to a number. */
const codeOn = async (phone: string, count: number): Promise<string> => {
  await service.until(count);
  const texts = service.bodies().filter((body) => JSON.stringify(body).includes(phone));
  const [code] = /\b\d{6}\b/.exec(String(texts.at(-1)?.body)) ?? [];
  if (code === undefined) throw new Error(`no code came to ${phone}`);
  return code;
};

const phoneOf = async (id: string) => {
  const [row] = await server.sql<{ addresses: unknown }>("SELECT addresses FROM identities WHERE id = ?", [
    idBytes(id),
  ]);
  const addresses = typeof row?.addresses === "string" ? (JSON.parse(row.addresses) as unknown) : row?.addresses;
  const { verifiable } = addresses as { verifiable: { via: string; verified: boolean; status: string }[] };
  return verifiable.find(({ via }) => via === "sms");
};

describe.each(protocols)("through $name", (protocol) => {
  it("the form takes a phone number, and the code of the text message verifies it", async () => {
    service.reset();
    service.answer = answering(200, {});
    const phone = newPhone();
    const { person } = await enterAsNewPerson(protocol, server, { phone });
    const visitor = protocol.enter(server);
    const begun = accepted(await visitor.verification.create());
    expect(begun.nodes.find(({ name }) => name === "email")).toMatchObject({ group: "code", type: "text" });
    server.clock.advance(seconds(1));
    const spaced = `${phone.slice(0, 3)} ${phone.slice(3)}`;
    const sent = accepted(await visitor.verification.update(begun.id, { method: "code", email: spaced })).flow;
    expect(sent?.state).toBe("sent_email");
    expect(sent?.texts.map(({ id }) => id)).toEqual([1080004]);
    expect(await phoneOf(person.id)).toMatchObject({ verified: false, status: "sent" });

    const code = await codeOn(phone, 1);
    const right = accepted(await visitor.verification.update(begun.id, { method: "code", code })).flow;
    expect(right?.state).toBe("passed_challenge");
    expect(right?.texts.map(({ id }) => id)).toEqual([1080005]);
    expect(await phoneOf(person.id)).toMatchObject({ verified: true, status: "completed" });
  });
});

it("the field says that it takes either", async () => {
  const answer = await fetch(`${server.url}/self-service/verification/api`);
  const { ui } = (await answer.json()) as {
    ui: { nodes: { attributes: { name: string; type: string }; meta: { label?: { id: number } } }[] };
  };
  expect(ui.nodes.find(({ attributes }) => attributes.name === "email")).toMatchObject({
    attributes: { type: "text" },
    meta: { label: { id: 1070018 } },
  });
});

it("mail addresses are verified as before, and a number that nobody has gets nothing", async () => {
  service.reset();
  const visitor = nativeRest.enter(server);
  const begun = accepted(await visitor.verification.create());
  const mail = accepted(await visitor.verification.update(begun.id, { method: "code", email: newEmail() })).flow;
  expect(mail?.texts.map(({ id }) => id)).toEqual([1080003]);
  const phone = newPhone();
  const text = accepted(await visitor.verification.update(begun.id, { method: "code", email: phone })).flow;
  expect(text?.texts.map(({ id }) => id)).toEqual([1080004]);
  expect(await server.sql("SELECT id FROM courier_messages WHERE recipient = ?", [phone])).toEqual([]);
});

it("without such a channel a phone number is no address", async () => {
  const plain = await startServer({ overrides: configured([]), beside: server });
  try {
    const visitor = nativeRest.enter(plain);
    const begun = accepted(await visitor.verification.create());
    expect(begun.nodes.find(({ name }) => name === "email")).toMatchObject({ type: "email" });
    const bad = refused(await visitor.verification.update(begun.id, { method: "code", email: newPhone() }));
    expect(bad.texts).toMatchObject([{ node: "email", id: 4000040 }]);
  } finally {
    await plain.stop();
  }
});
