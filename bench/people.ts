import { setTimeout as sleep } from "node:timers/promises";
import type { Shot } from "./shot.ts";

/** Someone the load is made with, as the API made them. */
export interface Person {
  readonly id: string;
  readonly email: string;
  /** The first one; requests of the table change it. */
  readonly password: string;
  readonly token: string;
  readonly settingsFlow: string;
  readonly loginFlow: string;
}

const atOnce = 8;

/** Registers people through the REST protocol and opens the flows they will use. */
export const registerPeople = async (baseUrl: string, count: number, prefix: string): Promise<readonly Person[]> => {
  const people: Person[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const at = next++;
      people[at] = await register(baseUrl, `${prefix}${at}@bench.example`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return people;
};

const register = async (baseUrl: string, email: string): Promise<Person> => {
  const password = "quite the first secret";
  const { id } = await call(baseUrl, "/self-service/registration/api");
  const body = { method: "password", password, traits: { email, name: { first: "Ann", last: "Bench" } } };
  const { session_token: token, identity } = await call(baseUrl, `/self-service/registration?flow=${id}`, { body });
  const settings = await call(baseUrl, "/self-service/settings/api", { token: String(token) });
  const login = await call(baseUrl, "/self-service/login/api");
  return {
    id: (identity as { readonly id: string }).id,
    email,
    password,
    token: String(token),
    settingsFlow: String(settings.id),
    loginFlow: String(login.id),
  };
};

const call = async (
  baseUrl: string,
  path: string,
  { body, token }: { readonly body?: object; readonly token?: string } = {},
) => {
  const response = await fetch(`${baseUrl}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // One network may begin so many flows at a time.
  if (response.status === 429) {
    await sleep(Number(response.headers.get("retry-after") ?? 1) * 1000);
    return call(baseUrl, path, { ...(body !== undefined && { body }), ...(token !== undefined && { token }) });
  }
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Record<string, unknown>;
};

/** What the server answers, as the bare route will repeat it. */
export interface Captured {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

// What HTTP itself adds, to both.
const ofHttp = new Set(["connection", "content-length", "date", "keep-alive", "transfer-encoding"]);

/** Sends one shot and returns the whole answer. */
export const capture = async (baseUrl: string, { method, path, headers, body }: Shot): Promise<Captured> => {
  const response = await fetch(`${baseUrl}${path}`, {
    method,
    headers: { ...headers },
    ...(method === "POST" && { body }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: Object.fromEntries([...response.headers].filter(([name]) => !ofHttp.has(name))),
    body: text,
  };
};
