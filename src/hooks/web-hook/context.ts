import type { JsonObject } from "@bufbuild/protobuf";
import type { Call } from "../../lib/call.ts";
import { cookieNames, readCookies } from "../../session/read-cookie.ts";
import type { BeforeContext, ChangeContext } from "../phases.ts";
import type { RenderPerson } from "./render-person.ts";

/** What the programs of bodies get of a request and a change: `ctx`. */
export interface HookContexts {
  of(context: BeforeContext | ChangeContext): JsonObject;
}

/** What `createHookContexts` needs. */
export interface HookContextsDeps {
  /** Names of headers that receivers get. */
  readonly headerAllowlist: readonly string[];
  /** Whether a cookie is one of the server's own: none of them leaves it. */
  readonly isOwnCookie: (name: string) => boolean;
  readonly renderPerson: RenderPerson;
}

/** Creates the makers of `ctx`. */
export const createHookContexts = ({ headerAllowlist, isOwnCookie, renderPerson }: HookContextsDeps): HookContexts => {
  const allowed = new Map(headerAllowlist.map((name) => [name.toLowerCase(), canonical(name)]));

  const headersOf = ({ headers }: Call): JsonObject =>
    Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]): [string, string[]][] => {
        const shown = allowed.get(name);
        return shown === undefined || value === undefined ? [] : [[shown, [value].flat()]];
      }),
    );

  const cookiesOf = (call: Call): JsonObject =>
    Object.fromEntries(
      cookieNames(call)
        .filter((name) => !isOwnCookie(name))
        .map((name): [string, string] => [name, readCookies(call, name)[0] ?? ""]),
    );

  return {
    of: (context) => {
      const { call, flow } = context;
      const change = "identity" in context ? context : undefined;
      return {
        flow: {
          ...flow.render(),
          ...(change?.transientPayload && { transient_payload: change.transientPayload }),
        },
        request_headers: headersOf(call),
        request_method: call.method ?? "POST",
        request_url: withoutSecrets(call.url),
        request_cookies: cookiesOf(call),
        ...(change && renderPerson(change.identity, change.session)),
      };
    },
  };
};

/** `sec-ch-ua` as `Sec-Ch-Ua`. */
const canonical = (name: string): string => name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());

/** Parameters whose values sign somebody in, or prove something. */
const secretParameters = ["code", "token", "state", "csrf_token", "init_code", "return_to_code", "id_token"];

/** A URL without the values of such parameters. */
const withoutSecrets = (text: string): string => {
  const url = URL.parse(text);
  if (url === null) return text;
  const secret = secretParameters.filter((name) => url.searchParams.has(name));
  for (const name of secret) url.searchParams.set(name, "");
  return secret.length === 0 ? text : url.href;
};
