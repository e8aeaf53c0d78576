import { hash } from "node:crypto";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { type AddressRules, createAddressRules } from "../../lib/outbound/address-rules.ts";
import { createOutboundFetch, type OutboundFetch } from "../../lib/outbound/outbound-fetch.ts";

/** How often a password was found in breaches, if that could be learnt. */
export type Breaches =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "unavailable"; readonly reason: string };

/** By which the request is known as part of the call it is made for; see lib/trace.ts. */
type OutgoingHeaders = Readonly<Record<string, string>>;

/** Looks passwords up in what is known of breaches. */
export interface BreachCheck {
  /** Never throws, and answers within two seconds and a half. */
  count(password: string, trace?: OutgoingHeaders): Promise<Breaches>;
}

/** Where to ask. */
export interface BreachCheckOptions {
  /** Host name, or a whole http(s) URL in front of `/range/…`. */
  readonly host: string;
  readonly clock?: Clock;
  readonly addressRules?: AddressRules | undefined;
  readonly fetch?: OutboundFetch | undefined;
}

/** All suffixes of one range with their counts, a line each, in upper case. */
type Range = { readonly kind: "range"; readonly text: string } | Extract<Breaches, { kind: "unavailable" }>;

const PREFIX = 5;
const TRY_MS = 1_000;
const TRIES = 2;
const KEEP_MS = 3_600_000;
const MOST_RANGES = 128;
/** A range has some 40 kB. What is larger is not cached, and what is much larger is not read. */
const MAX_CACHED = 200_000;
const MOST_READ = 1_000_000;
const LINE = /^[^:\s]+(?::\s*\d[\d,]*)?$/;

/**
 * Creates the check by k-anonymity: five characters of the password's SHA-1
 * leave the server, and the answer, padded, has the rest of every password
 * that begins alike. Answers are stored for an hour, whole, and people who ask
 * for the same range at once share one request.
 */
export const createBreachCheck = ({
  host,
  clock = systemClock,
  addressRules = createAddressRules(),
  fetch = createOutboundFetch(),
}: BreachCheckOptions): BreachCheck => {
  const base = `${/^https?:\/\//i.test(host) ? host : `https://${host}`}`.replace(/\/+$/, "");
  const stored = new Map<string, { readonly text: string; readonly until: number }>();
  const asking = new Map<string, Promise<Range>>();

  const keep = (prefix: string, text: string) => {
    if (text.length > MAX_CACHED) return;
    const [oldest] = stored.keys();
    if (stored.size >= MOST_RANGES && oldest !== undefined) stored.delete(oldest);
    stored.set(prefix, { text, until: clock.now().getTime() + KEEP_MS });
  };

  const recall = (prefix: string): string | undefined => {
    const found = stored.get(prefix);
    if (found === undefined) return undefined;
    stored.delete(prefix);
    if (found.until <= clock.now().getTime()) return undefined;
    // Put at the end again: what is asked for lately is dropped last.
    stored.set(prefix, found);
    return found.text;
  };

  const ask = async (prefix: string, trace: OutgoingHeaders): Promise<Range> => {
    let answer: Range = { kind: "unavailable", reason: "" };
    for (let tries = 0; tries < TRIES; tries++) {
      answer = await fetchRange(`${base}/range/${prefix}`, { trace, fetch, rules: addressRules });
      if (answer.kind === "range") {
        keep(prefix, answer.text);
        break;
      }
    }
    asking.delete(prefix);
    return answer;
  };

  return {
    count: async (password, trace = {}) => {
      const digest = hash("sha1", password).toUpperCase();
      const [prefix, suffix] = [digest.slice(0, PREFIX), digest.slice(PREFIX)];
      const known = recall(prefix);
      if (known !== undefined) return { kind: "count", count: findCount(known, suffix) };
      const pending = asking.get(prefix) ?? ask(prefix, trace);
      asking.set(prefix, pending);
      const range = await pending;
      return range.kind === "range" ? { kind: "count", count: findCount(range.text, suffix) } : range;
    },
  };
};

interface FetchRangeOptions {
  readonly trace: OutgoingHeaders;
  readonly fetch: OutboundFetch;
  readonly rules: AddressRules;
}

const fetchRange = async (url: string, { trace, fetch, rules }: FetchRangeOptions): Promise<Range> => {
  try {
    const signal = AbortSignal.timeout(TRY_MS);
    const policy = rules.addressesOf(new URL(url), true);
    const response = await fetch(url, {
      method: "GET",
      signal,
      policy,
      headers: { ...trace, "Add-Padding": "true", "User-Agent": "ostiary" },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return { kind: "unavailable", reason: `status ${response.status}` };
    }
    const text = await readText(response);
    if (text === undefined) return { kind: "unavailable", reason: "the answer is too large" };
    const lines = text
      .toUpperCase()
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    if (!lines.every((line) => LINE.test(line)))
      return { kind: "unavailable", reason: "the answer is not of the form SUFFIX:COUNT" };
    return { kind: "range", text: `\n${lines.join("\n")}\n` };
  } catch (error) {
    return {
      kind: "unavailable",
      reason: error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : "no connection",
    };
  }
};

/** Reads the body; undefined when it is longer than any real one. */
const readText = async (response: Response): Promise<string | undefined> => {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.byteLength;
    if (length > MOST_READ) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("latin1");
};

/** A suffix without a count was found once; padding has the count 0. */
const findCount = (text: string, suffix: string): number => {
  for (let at = text.indexOf(`\n${suffix}`); at >= 0; at = text.indexOf(`\n${suffix}`, at + 1)) {
    const found = /^(?::\s*([\d,]+))?\n/.exec(text.slice(at + 1 + suffix.length, at + 33 + suffix.length));
    if (found !== null) return Number((found[1] ?? "1").replaceAll(",", ""));
  }
  return 0;
};
