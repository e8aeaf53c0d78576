import { readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createCached } from "../../../lib/cached.ts";
import type { Clock } from "../../../lib/clock.ts";
import { hostsOf } from "../configured-hosts.ts";
import type { ProviderFetch } from "../provider-fetch.ts";

/** What reading a program needs. */
export interface ProgramSourceDeps {
  readonly fetch: ProviderFetch;
  readonly clock: Clock;
}

/** Longest program, in bytes. */
const LIMIT = 131_072;
/** Milliseconds after which a program of a URL is looked at again, in the background. */
const FRESH = 10 * 60_000;

/**
 * Gives the text behind a `mapper_url`: `base64://`, `file://` (absolute by
 * now) or `https://`. What comes over the network is stored, renewed in the
 * background, and used for as long as its server is down.
 */
export const createProgramSource = (url: string, { fetch, clock }: ProgramSourceDeps): (() => Promise<string>) => {
  if (url.startsWith("base64://")) {
    const text = readBase64(url);
    return () => Promise.resolve(text);
  }
  const read = url.startsWith("file://") ? () => readProgramFile(new URL(url)) : () => fetchProgram(url, fetch);
  const cached = createCached({ load: read, clock, freshFor: FRESH });
  return () => cached.get();
};

/** The program behind a `base64://` or `file://` URL; empty for any other, and for a file that cannot be read now. */
export const readLocalProgram = (url: string | undefined): string => {
  if (url?.startsWith("base64://")) return readBase64(url);
  if (!url?.startsWith("file://")) return "";
  try {
    return statSync(new URL(url)).size > LIMIT ? "" : readFileSync(new URL(url), "utf8");
  } catch {
    return "";
  }
};

const readBase64 = (url: string): string => Buffer.from(url.slice("base64://".length), "base64").toString("utf8");

const readProgramFile = async (url: URL): Promise<string> => {
  if ((await stat(url)).size > LIMIT) throw new RangeError(`is longer than ${LIMIT} bytes`);
  return readFile(url, "utf8");
};

const fetchProgram = async (url: string, fetch: ProviderFetch): Promise<string> => {
  const response = await fetch(url, {
    method: "GET",
    headers: { accept: "text/plain, application/jsonnet, */*" },
    configuredHosts: hostsOf([url]),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const text = await response.text();
  if (Buffer.byteLength(text) > LIMIT) throw new RangeError(`is longer than ${LIMIT} bytes`);
  return text;
};
