import type { RequestName } from "./goals.ts";
import type { Person } from "./people.ts";
import type { Shot } from "./shot.ts";

/** How a request of the table is made, and what a right answer is. */
export interface RequestSpec {
  readonly status: number;
  /** How many different ones a person sends in turn. */
  readonly variants: number;
  /** `turn` is different at every use of the same person in a run, and `salt` in every run. */
  readonly shot: (person: Person, turn: number, salt: string) => Shot;
}

const get = (path: string, token: string): Shot => ({
  method: "GET",
  path,
  headers: { accept: "application/json", authorization: `Bearer ${token}` },
  body: "",
});

const post = (path: string, token: string | undefined, body: object): Shot => ({
  method: "POST",
  path,
  headers: {
    accept: "application/json",
    "content-type": "application/json",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  },
  body: JSON.stringify(body),
});

const update = ({ settingsFlow, token }: Person, body: object): Shot =>
  post(`/self-service/settings?flow=${settingsFlow}`, token, body);

/** The requests of the table, through the REST protocol as a native app sends them. */
export const requestSpecs: Readonly<Record<RequestName, RequestSpec>> = {
  whoami: { status: 200, variants: 1, shot: ({ token }) => get("/sessions/whoami", token) },
  create: { status: 200, variants: 1, shot: ({ token }) => get("/self-service/settings/api", token) },
  get: {
    status: 200,
    variants: 1,
    shot: ({ settingsFlow, token }) => get(`/self-service/settings/flows?id=${settingsFlow}`, token),
  },
  update: {
    status: 200,
    variants: 4,
    shot: (person, turn) =>
      update(person, {
        method: "profile",
        traits: { email: person.email, name: { first: `Ann ${turn}`, last: "Bench" } },
      }),
  },
  rejected: {
    status: 400,
    variants: 4,
    shot: (person, turn) =>
      update(person, {
        method: "profile",
        traits: { email: "no address", name: { first: `Ann ${turn}`, last: "Bench" } },
      }),
  },
  login: {
    status: 200,
    variants: 1,
    shot: ({ email, loginFlow, password }) =>
      post(`/self-service/login?flow=${loginFlow}`, undefined, { method: "password", identifier: email, password }),
  },
  password: {
    status: 200,
    variants: 4,
    // Always another one than the person has: the same would be refused, and cheaply.
    shot: (person, turn, salt) => update(person, { method: "password", password: `quite the ${salt} secret, ${turn}` }),
  },
};

/**
 * Body of a request that a right answer was captured with: which one it is, for the bare route that answers several.
 */
export const requestOfBody = (body: {
  readonly method?: unknown;
  readonly traits?: { readonly email?: unknown };
}): RequestName => {
  if (body.method === "password") return "password";
  return String(body.traits?.email).includes("@") ? "update" : "rejected";
};

/** All shots of a run in the order they are sent: every person once, then again with the next variant. */
export const shotsOf = (spec: RequestSpec, people: readonly Person[], salt: string): readonly Shot[] =>
  Array.from({ length: spec.variants }, (_, turn) => people.map((person) => spec.shot(person, turn, salt))).flat();

/** A request as it goes over the wire, HTTP/1.1. */
export const wireText = ({ method, path, headers, body }: Shot, host: string): string => {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  if (method === "POST") lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
};
