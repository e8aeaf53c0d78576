import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../../src/errors/service-error.ts";
import { errorTable } from "../../../src/errors/table.ts";
import type { FlowRecord } from "../../../src/flows/shared/flow.ts";
import { checkOrigin, requireSameBrowser } from "../../../src/flows/shared/same-origin.ts";
import type { Call, CookieInstruction } from "../../../src/lib/call.ts";
import { createCsrf } from "../../../src/session/csrf.ts";

/* The anti-CSRF secret of a browser, the tokens made of it, and the steps of a submit that ask for them. */

const url = "https://id.example.com/";
const cookie = { path: "/", domain: undefined, sameSite: "lax", secure: true } as const;
const csrf = createCsrf(url, cookie);
const name = csrf.cookieName;

interface Sent {
  readonly cookies?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}
const callWith = ({ cookies, headers = {} }: Sent = {}) => {
  const set: CookieInstruction[] = [];
  const call = {
    headers: { ...headers, ...(cookies && { cookie: cookies.join("; ") }) },
    reply: { headers: new Map<string, string>(), cookies: set },
  } as unknown as Call;
  return { call, set };
};
const bringing = (...secrets: readonly Buffer[]): Call =>
  callWith({ cookies: secrets.map((secret) => `${name}=${secret.toString("base64")}`) }).call;

const violationOf = (check: () => unknown): ServiceError["parts"] | undefined => {
  try {
    check();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ServiceError)) throw thrown;
    expect(thrown.row).toBe(errorTable.CSRF_VIOLATION);
    return thrown.parts;
  }
};
const [mine, theirs] = [randomBytes(32), randomBytes(32)];

describe("the secret of a browser", () => {
  it("is in a cookie whose name hangs on the public URL, out of reach of scripts, for a year", () => {
    expect(name).toContain(`csrf_token_${createHash("sha256").update(url).digest("hex")}`);
    const { call, set } = callWith();
    const secret = csrf.ensure(call);
    expect(secret).toHaveLength(32);
    expect(set).toEqual([
      { name, value: secret.toString("base64"), ...cookie, httpOnly: true, maxAge: 365 * 24 * 3600 },
    ]);
  });

  it("stays what the browser brings, is the same within an answer, and another for each browser", () => {
    const known = callWith({ cookies: [`${name}=${mine.toString("base64")}`] });
    expect(csrf.ensure(known.call)).toEqual(mine);
    expect(known.set).toEqual([]);
    const fresh = callWith();
    expect(csrf.ensure(fresh.call)).toEqual(csrf.ensure(fresh.call));
    expect(fresh.set).toHaveLength(1);
    expect(csrf.ensure(callWith().call)).not.toEqual(csrf.ensure(callWith().call));
  });

  it("is a new one after a rotation, the one that was drawn for it, and one cookie says so", () => {
    const { call, set } = callWith({ cookies: [`${name}=${mine.toString("base64")}`] });
    set.push({ name: "other", value: "x", ...cookie, httpOnly: true });
    const first = csrf.rotate(call);
    expect([first.length, first.equals(mine)]).toEqual([32, false]);
    expect(csrf.rotate(call, theirs)).toEqual(theirs);
    expect(set.map((each) => each.name)).toEqual(["other", name]);
    expect(set[1]?.value).toBe(theirs.toString("base64"));
    expect(csrf.ensure(call)).toEqual(theirs);
    expect(csrf.draw()).toHaveLength(32);
    const alone = callWith();
    for (const secret of [mine, theirs]) csrf.rotate(alone.call, secret);
    expect(alone.set.map(({ value }) => value)).toEqual([theirs.toString("base64")]);
  });
});

describe("a token", () => {
  it("fits its secret, masked differently at each render or as it is, and no other", () => {
    const [one, two] = [csrf.mask(mine), csrf.mask(mine)];
    expect([one === two, Buffer.from(one, "base64").length]).toEqual([false, 64]);
    for (const token of [one, two, mine.toString("base64")])
      expect(violationOf(() => csrf.mustMatch(bringing(mine), token))).toBeUndefined();
    for (const token of [
      csrf.mask(theirs),
      "",
      "nonsense",
      randomBytes(31).toString("base64"),
      randomBytes(65).toString("base64"),
    ])
      expect(violationOf(() => csrf.mustMatch(bringing(mine), token))?.details).toMatchObject({
        docs: "https://owasp.org/www-community/attacks/csrf",
        reject_reason: "The csrf_token does not fit the anti-CSRF cookie.",
      });
  });

  it("fits any of several cookies of the name, and those that are none count as none", () => {
    expect(violationOf(() => csrf.mustMatch(bringing(theirs, mine), csrf.mask(mine)))).toBeUndefined();
    const broken = callWith({ cookies: [`${name}=x`, `${name}=${mine.toString("base64")}`] }).call;
    expect(violationOf(() => csrf.mustMatch(broken, csrf.mask(mine)))).toBeUndefined();
    expect(csrf.ensure(broken)).toEqual(mine);
  });

  it("without a cookie is nothing, and what is missing is said", () => {
    const none = violationOf(() => csrf.mustMatch(callWith().call, csrf.mask(mine)));
    expect(none?.details).toMatchObject({ reject_reason: "The request has no Cookie header." });
    expect(none?.explain).toMatch(/retry the flow and clear your cookies/);
    expect(none?.details?.hint).toMatch(/server that calls on behalf of a browser/);
    const other = callWith({ cookies: ["a=b"] }).call;
    expect(violationOf(() => csrf.mustMatch(other, csrf.mask(mine)))?.details).toMatchObject({
      reject_reason: "The request has no anti-CSRF cookie.",
    });
    for (const mode of ["cors", "same-origin"]) {
      const { call } = callWith({ headers: { "sec-fetch-mode": mode } });
      expect(violationOf(() => csrf.mustMatch(call, ""))?.details?.hint).toMatch(/credentials: cookies must travel/);
    }
  });

  it("of a native app's form is empty, unless a browser's cookie came along", () => {
    expect(csrf.tokenFor(callWith().call, "api")).toBe("");
    const { call, set } = callWith();
    const token = csrf.tokenFor(call, "browser");
    expect(set).toHaveLength(1);
    expect(violationOf(() => csrf.mustMatch(bringing(csrf.ensure(call)), token))).toBeUndefined();
    const along = csrf.tokenFor(bringing(mine), "api");
    expect(violationOf(() => csrf.mustMatch(bringing(mine), along))).toBeUndefined();
  });
});

const flow = (type: "browser" | "api", secret?: Buffer) =>
  ({ type, csrfDigest: secret && csrf.digest(secret) }) as unknown as FlowRecord;

describe("a flow that is nobody's from the start", () => {
  it("is submitted by the browser that began it alone", () => {
    expect(violationOf(() => requireSameBrowser(csrf, bringing(mine), flow("browser", mine)))).toBeUndefined();
    expect(violationOf(() => requireSameBrowser(csrf, bringing(theirs, mine), flow("browser", mine)))).toBeUndefined();
    for (const [call, of] of [
      [bringing(theirs), flow("browser", mine)],
      [callWith().call, flow("browser", mine)],
      [bringing(mine), flow("browser")],
    ] as const)
      expect(violationOf(() => requireSameBrowser(csrf, call, of))).toBeDefined();
    const { details } = violationOf(() => requireSameBrowser(csrf, bringing(theirs), flow("browser", mine))) ?? {};
    expect(Object.keys(details ?? {})).toEqual(["docs", "hint"]);
  });

  it("of a native app is bound to none", () => {
    expect(violationOf(() => requireSameBrowser(csrf, callWith().call, flow("api")))).toBeUndefined();
  });
});

describe("a submit", () => {
  it("of a browser's form brings its token", () => {
    expect(checkOrigin(csrf, bringing(mine), flow("browser"), csrf.mask(mine))).toBeUndefined();
    expect(violationOf(() => checkOrigin(csrf, bringing(mine), flow("browser"), ""))).toBeDefined();
  });

  it("of a native app's form brings neither an origin nor cookies, but for those that a network adds", () => {
    const reason = (sent: Sent) => checkOrigin(csrf, callWith(sent).call, flow("api"), "");
    expect(reason({})).toBeUndefined();
    expect(reason({ cookies: ["__cf_bm=1", "_cfuvid=2", "cf_clearance=3"] })).toBeUndefined();
    expect(reason({ headers: { origin: "https://app.example" } })).toContain("The HTTP request header Origin is set");
    expect(reason({ headers: { origin: "null" } })).toContain("Origin");
    for (const cookies of [["session=1"], ["__cf_bm=1", "a=b"], ["x__cf=1"], ["bare"]])
      expect(reason({ cookies })).toContain("The HTTP request contains cookies");
  });
});
