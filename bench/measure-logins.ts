import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { authenticator } from "otplib";
import { type Authenticator, createAuthenticator } from "../test/setup/authenticator.ts";
import { type Person, registerPeople } from "./people.ts";
import { requestSpecs } from "./requests.ts";
import { median } from "./rounds.ts";
import { freePort, type MeasuredServer, startOstiary, startWithoutLimits, writeConfig } from "./servers.ts";
import type { Shot } from "./shot.ts";
import type { Watch } from "./watch.ts";
import type { World } from "./world.ts";

/** What ways to sign in cost, where hashing a password costs next to nothing. */
export interface LoginsResult {
  readonly password: LoginCost;
  readonly totp: LoginCost;
  readonly passkey: LoginCost;
  readonly withoutLimits: LoginCost;
  /** Sign-ins a second by TOTP, of those by a password without its hash: the median over the rounds. */
  readonly totpShare: number;
  /** Sign-ins a second by a passkey, of those by a password without its hash: the median over the rounds. */
  readonly passkeyShare: number;
  /** Sign-ins a second under the limits, of those without them. */
  readonly limitedShare: number;
}

/** Of one sign-in. */
interface LoginCost {
  readonly perSecond: number;
  readonly statements: number;
  readonly commits: number;
  /** Milliseconds of processor time: of the server with its hashing process, and of the database. */
  readonly cpu: { readonly server: number; readonly database: number };
}

/** Where the devices believe to be. */
const keyOrigin = "http://localhost:4455";
const PEOPLE = 96;
const CONNECTIONS = 8;
/** As many as there are codes that hold at one moment, but for the one that sets the app up. */
const ROUNDS = 2;
const STEP_MS = 30_000;

/**
 * Measures sign-ins in bursts, in turns: with a password under the limits and without, with a code of an app, and with
 * a passkey. What the devices of people do, and the flows that they do it in, are made before a burst begins.
 */
export const measureLogins = async (world: World, onPoint: (what: string) => void): Promise<LoginsResult> => {
  const { watch } = world;
  const limited = await start(world, startOstiary);
  const unlimited = await start(world, (file, port) => startWithoutLimits(file, port));
  try {
    const people = await registerPeople(limited.baseUrl, PEOPLE, "logins");
    const owners = await Promise.all(
      (await registerPeople(limited.baseUrl, PEOPLE, "apps")).map(withApp(limited.baseUrl)),
    );
    const holders = await Promise.all(
      (await registerPeople(limited.baseUrl, PEOPLE, "keys")).map(withPasskey(limited.baseUrl)),
    );
    const passwords = people.map((person) => requestSpecs.login.shot(person, 0, ""));
    await burst(watch, limited, passwords);
    await burst(watch, unlimited, passwords);
    const rounds: { password: LoginCost; withoutLimits: LoginCost; totp: LoginCost; passkey: LoginCost }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const codes = owners.map((owner) => codeShot(owner, new Date(Date.now() + round * STEP_MS)));
      const totp = await burst(watch, limited, codes);
      const keys = await Promise.all(holders.map(passkeyShot(limited.baseUrl)));
      const passkey = await burst(watch, limited, keys);
      const password = await burst(watch, limited, passwords);
      const withoutLimits = await burst(watch, unlimited, passwords);
      rounds.push({ password, withoutLimits, totp, passkey });
      onPoint(
        `${password.perSecond.toFixed(0)}/s with a password, ${withoutLimits.perSecond.toFixed(0)}/s without ` +
          `limits, ${totp.perSecond.toFixed(0)}/s with a code of an app, ${passkey.perSecond.toFixed(0)}/s ` +
          "with a passkey",
      );
    }
    const of = (name: keyof (typeof rounds)[number]) => medianOf(rounds.map((round) => round[name]));
    return {
      password: of("password"),
      totp: of("totp"),
      passkey: of("passkey"),
      withoutLimits: of("withoutLimits"),
      totpShare: median(rounds.map(({ totp, password }) => totp.perSecond / password.perSecond)),
      passkeyShare: median(rounds.map(({ passkey, password }) => passkey.perSecond / password.perSecond)),
      limitedShare: median(rounds.map(({ password, withoutLimits }) => password.perSecond / withoutLimits.perSecond)),
    };
  } finally {
    await Promise.all([limited.stop(), unlimited.stop()]);
  }
};

const start = async (
  { folder, database: { dsn }, options }: World,
  launch: (file: string, port: number, profile: undefined) => Promise<MeasuredServer>,
): Promise<MeasuredServer> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = JSON.parse(readFileSync(writeConfig(folder, { dsn, port, adminPort, options }), "utf8"));
  config.selfservice.methods.totp = { enabled: true };
  config.selfservice.methods.passkey = {
    enabled: true,
    config: { rp: { id: "localhost", display_name: "The benchmark", origins: [keyOrigin] } },
  };
  config.hashers = { argon2: { memory: "8KB", iterations: 1, parallelism: 1 } };
  config.limits.flows = { per_network: 1_000_000 };
  const file = path.join(folder, `logins-${port}.json`);
  writeFileSync(file, JSON.stringify(config));
  return launch(file, port, undefined);
};

/** Someone with an authenticator app, who is to give its code. */
interface AppOwner {
  readonly token: string;
  readonly flow: string;
  readonly secret: string;
}

interface Form {
  readonly id: string;
  readonly ui: {
    readonly nodes: readonly {
      readonly attributes: {
        readonly id?: string;
        readonly text?: { readonly text: string };
        readonly name?: string;
        readonly value?: string;
      };
    }[];
  };
}

/** Asks as a person with JSON; returns the form that is answered, or what stands in its place. */
const callAs =
  (baseUrl: string, token: string) =>
  async (at: string, body?: object): Promise<Form> => {
    const response = await fetch(`${baseUrl}${at}`, {
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        ...(token !== "" && { authorization: `Bearer ${token}` }),
      },
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${at} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    return (await response.json()) as Form;
  };

/** Sets up an app with the code of half a minute ago, so that the code of now is still good. */
const withApp =
  (baseUrl: string) =>
  async ({ token, settingsFlow }: Person): Promise<AppOwner> => {
    const call = callAs(baseUrl, token);
    const form = await call(`/self-service/settings/flows?id=${settingsFlow}`);
    const secret =
      form.ui.nodes.find(({ attributes: { id } }) => id === "totp_secret_key")?.attributes.text?.text ?? "";
    const code = codeAt(secret, new Date(Date.now() - STEP_MS));
    await call(`/self-service/settings?flow=${settingsFlow}`, { method: "totp", totp_code: code });
    const { id } = await call("/self-service/login/api?aal=aal2&refresh=true");
    return { token, flow: id, secret };
  };

const valueIn = (form: Form, input: string): string =>
  form.ui.nodes.find(({ attributes: { name } }) => name === input)?.attributes.value ?? "";

/** Gives someone a device with a passkey. */
const withPasskey =
  (baseUrl: string) =>
  async ({ token, settingsFlow }: Person): Promise<Authenticator> => {
    const call = callAs(baseUrl, token);
    const form = await call(`/self-service/settings/flows?id=${settingsFlow}`);
    const device = createAuthenticator({ origin: keyOrigin });
    const key = device.create(valueIn(form, "passkey_create_data"));
    await call(`/self-service/settings?flow=${settingsFlow}`, { method: "passkey", passkey_settings_register: key });
    return device;
  };

/** What a device answers to a login form of its own. */
const passkeyShot =
  (baseUrl: string) =>
  async (device: Authenticator): Promise<Shot> => {
    const form = await callAs(baseUrl, "")("/self-service/login/api");
    return {
      method: "POST",
      path: `/self-service/login?flow=${form.id}`,
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify({ method: "passkey", passkey_login: device.get(valueIn(form, "passkey_challenge")) }),
    };
  };

const codeAt = (secret: string, at: Date): string => authenticator.clone({ epoch: at.getTime() }).generate(secret);

const codeShot = ({ token, flow, secret }: AppOwner, at: Date): Shot => ({
  method: "POST",
  path: `/self-service/login?flow=${flow}`,
  headers: { accept: "application/json", "content-type": "application/json", authorization: `Bearer ${token}` },
  body: JSON.stringify({ method: "totp", totp_code: codeAt(secret, at) }),
});

/** Sends each shot once, some at a time. */
const burst = async (watch: Watch, { baseUrl, pid }: MeasuredServer, shots: readonly Shot[]): Promise<LoginCost> => {
  const { result: perSecond, cost } = await watch.during(pid, async () => {
    const began = performance.now();
    const left = [...shots];
    const work = async () => {
      for (let shot = left.pop(); shot !== undefined; shot = left.pop()) {
        const { method, path: at, headers, body } = shot;
        const response = await fetch(`${baseUrl}${at}`, { method, headers, body });
        const text = await response.text();
        if (!response.ok) throw new Error(`a sign-in was answered ${response.status}: ${text.slice(0, 300)}`);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    return shots.length / ((performance.now() - began) / 1000);
  });
  return {
    perSecond,
    statements: cost.statements / shots.length,
    commits: cost.commits / shots.length,
    cpu: { server: (cost.cpu.server + cost.cpu.hashing) / shots.length, database: cost.cpu.database / shots.length },
  };
};

const medianOf = (costs: readonly LoginCost[]): LoginCost => {
  const of = (figure: (cost: LoginCost) => number) => median(costs.map(figure));
  return {
    perSecond: of((cost) => cost.perSecond),
    statements: of((cost) => cost.statements),
    commits: of((cost) => cost.commits),
    cpu: { server: of((cost) => cost.cpu.server), database: of((cost) => cost.cpu.database) },
  };
};
