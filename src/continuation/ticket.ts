import { randomBytes } from "node:crypto";
import { digestOf, isSameDigest } from "../lib/digest.ts";
import { uuid4, uuidBytes, uuidText } from "../lib/ids.ts";

/** What leads back to one continuation: its id and a secret, of which only the digest is stored. */
export interface Ticket {
  /** Of the continuation. */
  readonly id: string;
  /** What is handed out: 64 characters that may stand in a URL. */
  readonly text: string;
  /** Of the secret, for the payload. */
  readonly digest: string;
}

/** A ticket that someone brings. */
export interface PresentedTicket {
  readonly id: string;
  /** Whether it is the one with this digest. */
  matches(digest: unknown): boolean;
}

const ID_BYTES = 16;
const SECRET_BYTES = 32;
const TEXT = /^[A-Za-z0-9_-]{64}$/;

/** Makes a ticket with a secret of 256 bits. */
export const newTicket = (): Ticket => {
  const id = uuid4();
  const secret = randomBytes(SECRET_BYTES);
  return { id, text: Buffer.concat([uuidBytes(id), secret]).toString("base64url"), digest: digestOf(secret) };
};

/** Reads what is brought as a ticket; undefined when it is none. */
export const readTicket = (text: string): PresentedTicket | undefined => {
  if (!TEXT.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  const digest = digestOf(bytes.subarray(ID_BYTES));
  return { id: uuidText(bytes.subarray(0, ID_BYTES)), matches: (stored) => isSameDigest(stored, digest) };
};
