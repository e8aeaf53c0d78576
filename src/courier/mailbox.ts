import type { Sql } from "../db/sql.ts";
import { isReadable, type RenderMessage } from "./render.ts";
import type { MessageStore } from "./store.ts";

/** A message, for whoever develops. */
export interface ShownMessage {
  readonly id: string;
  readonly to: string;
  readonly at: Date;
  readonly subject: string;
  readonly code: string | undefined;
  readonly url: string | undefined;
  readonly text: string;
  readonly html: string | undefined;
}

/** Reads the newest messages, in place of a mail program. */
export type ReadMailbox = () => Promise<readonly ShownMessage[]>;

const MOST = 50;

/** Creates it. For development only: it shows codes and links. */
export const createReadMailbox =
  (db: Sql, messages: MessageStore, render: RenderMessage): ReadMailbox =>
  async () => {
    const newest = await messages.list(db, { status: undefined, recipient: undefined, before: undefined, limit: MOST });
    return newest.filter(isReadable).map((message) => {
      const { id, recipient, createdAt, content } = message;
      const { subject, text, html } = render(message);
      const { code, url } = content.data;
      return { id, to: recipient, at: createdAt, subject, code, url, text, html };
    });
  };
