import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { JsonObject } from "../../scripts/openapi/schema.ts";
import { createCheckAnswer } from "./documented.ts";
import { type Answer, Jar, type Request, send } from "./http-client.ts";
import type { Mailbox } from "./mailbox.ts";
import { createNormaliser, type Normaliser, type RecordedAnswer } from "./normalise.ts";
import type { Provider } from "./provider.ts";

/** What a scenario sees of the server and around it. */
export interface World {
  readonly publicUrl: string;
  readonly adminUrl: string;
  readonly provider: Provider;
  readonly mailbox: Mailbox;
  readonly clock: { now(): Date; advance(milliseconds: number): void };
}

/** One request of a scenario that is compared. */
export interface Step {
  readonly label: string;
  readonly answer: RecordedAnswer;
  /** What the OpenAPI document does not say of the answer. */
  readonly undocumented: string | undefined;
}

interface NodeJson {
  readonly attributes: { readonly name?: string; readonly id?: string; readonly value?: unknown };
}

/** As much of a flow as a client needs to go on. */
interface FlowJson {
  readonly ui: { readonly action: string; readonly nodes: readonly NodeJson[] };
}

/** Someone who signed up. */
interface PersonJson {
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly identity: unknown;
  readonly session: unknown;
}

/** A scenario: what one person's client does. */
export type Scenario = (client: ScenarioClient) => Promise<void>;

/** What scenarios are written with, and what they have done so far. */
export interface ScenarioClient {
  readonly run: string;
  readonly password: string;
  readonly norm: Normaliser;
  readonly provider: Provider;
  readonly mailbox: Mailbox;
  readonly steps: readonly Step[];
  /** Sends one request; with a label its answer is compared. */
  call(label: string | null, request: Request): Promise<Answer>;
  get(label: string | null, path: string, rest?: Request): Promise<Answer>;
  post(label: string | null, url: string, rest?: Request): Promise<Answer>;
  jar(): Jar;
  /** An address of this run. */
  email(who?: string): string;
  /** Lets time pass, in milliseconds. */
  sleep(milliseconds: number): Promise<void>;
  csrf(flow: FlowJson): unknown;
  node(flow: FlowJson, name: string, value?: unknown): NodeJson | undefined;
  /** The code of an authenticator (RFC 6238). */
  totp(secret: string, at?: number): string;
  /** Signs someone up through a native app's flow. */
  person(who?: string, traits?: Readonly<Record<string, unknown>>): Promise<PersonJson>;
  /** Signs someone in as a browser would. */
  browser(
    person: Pick<PersonJson, "email" | "password">,
    options?: { readonly refresh?: boolean; readonly jar?: Jar; readonly return_to?: string },
  ): Promise<Jar>;
  /** Creates a settings flow: of an app by its token, of a browser by its jar. */
  settings(kind: string, who: string | Jar, query?: string): Promise<FlowJson>;
  /** Lets the session get older than `privileged_session_max_age`, 3 seconds. */
  grow_old(): Promise<void>;
}

const dataOf = <T>(answer: Answer): T => answer.data as T;

const check = createCheckAnswer(
  JSON.parse(readFileSync(new URL("../../gen/openapi.json", import.meta.url), "utf8")) as JsonObject,
);

/** Creates the client of one scenario. */
export const createScenarioClient = (world: World): ScenarioClient => {
  const { publicUrl, adminUrl, provider, mailbox, clock } = world;
  const run = randomBytes(4).toString("hex");
  const norm = createNormaliser({ publicUrl, adminUrl, providerPort: provider.port, run });
  const steps: Step[] = [];

  const undocumented = (url: string, { method = "GET" }: Request, { status, data }: Answer): string | undefined =>
    check({
      port: url.startsWith(adminUrl) ? "admin" : "public",
      verb: method,
      path: new URL(url).pathname,
      status,
      body: data,
    });

  const usedCodes = new Set<string>();
  const client: ScenarioClient = {
    run,
    password: "correct horse battery 7",
    norm,
    provider,
    mailbox,
    steps,
    call: async (label, request) => {
      const url = request.url ?? (request.admin ? adminUrl : publicUrl) + (request.path ?? "");
      const answer = await send(url, request);
      if (label) steps.push({ label, answer: norm.answer(answer), undocumented: undocumented(url, request, answer) });
      return answer;
    },
    get: (label, path, rest = {}) => client.call(label, { path, ...rest }),
    post: (label, url, rest = {}) =>
      client.call(label, { method: "POST", ...(url.startsWith("http") ? { url } : { path: url }), ...rest }),
    jar: () => new Jar(),
    email: (who = "ann") => `${who}-${run}@example.com`,
    sleep: async (milliseconds) => clock.advance(milliseconds),
    csrf: ({ ui }) => ui.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value,
    node: ({ ui }, name, value) =>
      ui.nodes.find(
        ({ attributes }) =>
          (attributes.name ?? attributes.id) === name && (value === undefined || attributes.value === value),
      ),
    totp: (secret, at = clock.now().getTime()) => {
      // A code is good once here: the next one, which the server takes half a minute early.
      const isUsed = usedCodes.has(totp(secret, at));
      const code = totp(secret, isUsed ? at + 30_000 : at);
      usedCodes.add(code);
      return code;
    },
    person: async (who = "ann", traits = {}) => {
      const email = client.email(who);
      const { password } = client;
      const flow = dataOf<FlowJson>(await client.call(null, { path: "/self-service/registration/api" }));
      const json = { method: "password", password, traits: { email, ...traits } };
      const answer = await client.call(null, { method: "POST", url: flow.ui.action, json });
      const done = dataOf<{ session_token?: string; identity: unknown; session: unknown } | undefined>(answer);
      if (done?.session_token === undefined) throw new Error(`signing up failed: ${answer.text.slice(0, 600)}`);
      return { email, password, token: done.session_token, identity: done.identity, session: done.session };
    },
    browser: async ({ email, password }, { refresh = false, jar = client.jar(), return_to } = {}) => {
      const query = new URLSearchParams({ ...(refresh && { refresh: "true" }), ...(return_to && { return_to }) });
      const flow = dataOf<FlowJson>(await client.call(null, { path: `/self-service/login/browser?${query}`, jar }));
      const json = { method: "password", identifier: email, password, csrf_token: client.csrf(flow) };
      const done = await client.call(null, { method: "POST", url: flow.ui.action, jar, json });
      if (done.status !== 200) throw new Error(`signing in failed: ${done.text.slice(0, 300)}`);
      return jar;
    },
    settings: async (kind, who, query = "") => {
      const type = kind === "api" ? "api" : "browser";
      const path = `/self-service/settings/${type}${query}`;
      return dataOf<FlowJson>(
        await client.call(null, { path, ...(typeof who === "string" ? { bearer: who } : { jar: who }) }),
      );
    },
    grow_old: () => client.sleep(4_200),
  };
  return client;
};

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const totp = (secret: string, at: number): string => {
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac("sha1", key).update(count).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7f_ff_ff_ff) % 1e6).padStart(6, "0");
};
