import { parseDsn } from "../lib/dsn.ts";
import { DsnError } from "../lib/dsn-error.ts";
import { formats } from "./formats.ts";
import { isReadable } from "./is-readable.ts";
import type { Finding } from "./validate.ts";

/** Whether it looks like a DSN: what does not is a mistake that the schema finds. */
export const isUsableDsn = (dsn: unknown): dsn is string =>
  typeof dsn === "string" && formats.dsn?.accepts(dsn) === true;

/** What is wrong with DSNs that look like some, without repeating them: they hold passwords. */
export const findDsnFaults = (dsns: unknown): readonly Finding[] =>
  (Array.isArray(dsns) ? dsns : []).flatMap((dsn: unknown, index) => {
    const message = isUsableDsn(dsn) ? faultOf(dsn) : undefined;
    return message === undefined ? [] : [{ path: ["dsn", index], message }];
  });

const faultOf = (dsn: string): string | undefined => {
  try {
    const { ca, cert, key } = parseDsn(dsn).tls;
    const missing = Object.entries({ ssl_ca: ca, ssl_cert: cert, ssl_key: key }).find(
      ([, file]) => file !== undefined && !isReadable(file),
    );
    return missing && `the file that the dsn's ${missing[0]} names cannot be read`;
  } catch (error) {
    if (!(error instanceof DsnError)) throw error;
    return error.message;
  }
};
