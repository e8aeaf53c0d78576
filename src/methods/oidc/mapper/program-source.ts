import { createCached } from "../../../lib/cached.ts";
import type { Clock } from "../../../lib/clock.ts";
import { readDocument, readLocalDocument } from "../../../lib/outbound/document.ts";
import { hostsOf } from "../configured-hosts.ts";
import type { ProviderFetch } from "../provider-fetch.ts";

/** What reading a program needs. */
export interface ProgramSourceDeps {
  readonly fetch: ProviderFetch;
  readonly clock: Clock;
}

/** Milliseconds after which a program of a URL is looked at again, in the background. */
const FRESH = 10 * 60_000;

/**
 * Returns the text behind a `mapper_url`: `base64://`, `file://` (absolute by
 * now) or `https://`. What comes over the network is stored, renewed in the
 * background, and used for as long as its server is down.
 */
export const createProgramSource = (url: string, { fetch, clock }: ProgramSourceDeps): (() => Promise<string>) => {
  const get = () =>
    fetch(url, {
      method: "GET",
      headers: { accept: "text/plain, application/jsonnet, */*" },
      configuredHosts: hostsOf([url]),
    });
  const cached = createCached({ load: () => readDocument(url, get), clock, freshFor: FRESH });
  return () => cached.get();
};

/** The program behind a `base64://` or `file://` URL; empty for any other, and for a file that cannot be read now. */
export const readLocalProgram = (url: string | undefined): string => {
  if (url === undefined) return "";
  try {
    return readLocalDocument(url) ?? "";
  } catch {
    return "";
  }
};
