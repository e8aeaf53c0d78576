/* A small HTTP client that keeps cookies, follows no redirect, and hands back what came over the wire. */

/** A browser's cookies. */
export class Jar {
  readonly cookies = new Map<string, string>();

  /** Takes the lines of `Set-Cookie`. */
  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const isGone = attributes.some(
        (each) =>
          /^max-age=(?:0|-\d+)$/i.test(each) || (/^expires=/i.test(each) && Date.parse(each.slice(8)) < Date.now()),
      );
      if (isGone || value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

/** One request of a scenario. At most one of the bodies. */
export interface Request {
  readonly method?: string;
  /** Absolute; or `path`, below the public or the admin port. */
  readonly url?: string;
  readonly path?: string;
  readonly admin?: boolean;
  /** `json`, `html`, or an `Accept` header. */
  readonly accept?: string;
  /** Session token. */
  readonly bearer?: string;
  readonly jar?: Jar;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly multipart?: readonly (readonly [string, string])[];
  readonly text?: string;
  /** Media type of `text`. */
  readonly type?: string;
}

/** What came back. */
export interface Answer {
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly setCookies: readonly string[];
  readonly text: string;
  /** The body, if it is JSON. */
  readonly data: unknown;
}

const accepts: Readonly<Record<string, string>> = {
  html: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  json: "application/json",
};

/** Sends a request to an absolute URL. */
export const send = async (url: string, request: Request): Promise<Answer> => {
  const { method = "GET", accept = "json", bearer, jar } = request;
  const { body, type } = bodyOf(request);
  const answer = await fetch(url, {
    method,
    headers: {
      ...(type !== undefined && { "content-type": type }),
      ...request.headers,
      ...(accept !== "" && { accept: accepts[accept] ?? accept }),
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(jar !== undefined && jar.cookies.size > 0 && { cookie: jar.header() }),
    },
    ...(body !== undefined && { body }),
    redirect: "manual",
  });
  const text = await answer.text();
  const setCookies = answer.headers.getSetCookie();
  jar?.take(setCookies);
  const { pathname: path } = new URL(url);
  return { path, status: answer.status, headers: answer.headers, setCookies, text, data: jsonOf(answer.headers, text) };
};

const bodyOf = ({
  json,
  form,
  multipart,
  text,
  type,
}: Request): { readonly body?: string | FormData; readonly type?: string } => {
  if (json !== undefined) return { body: JSON.stringify(json), type: "application/json" };
  if (form !== undefined)
    return { body: new URLSearchParams(form).toString(), type: "application/x-www-form-urlencoded" };
  if (text !== undefined) return { body: text, type: type ?? "text/plain" };
  if (multipart === undefined) return {};
  const body = new FormData();
  for (const [name, value] of multipart) body.append(name, value);
  return { body };
};

const jsonOf = (headers: Headers, text: string): unknown => {
  if (!/json/.test(headers.get("content-type") ?? "")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
