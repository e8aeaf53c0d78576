import { type BuiltInMessage, writeBuiltIn } from "./built-in.ts";
import type { MessageContent, MessageRecord } from "./message.ts";
import { type MessagePart, type Overrides, overrideKey } from "./overrides.ts";
import { createTemplateData, type TemplateData } from "./template-data.ts";

/** A message as it is sent. A text for a phone has neither subject nor HTML. */
export interface RenderedMessage {
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
}

/** A message that still has what it says. */
export type ReadableMessage = MessageRecord & { readonly content: MessageContent };

/** Whether a message still has what it says. */
export const isReadable = (record: MessageRecord): record is ReadableMessage => record.content !== undefined;

/** Writes a message out. */
export type RenderMessage = (message: ReadableMessage) => RenderedMessage;

/** What writing messages needs. */
export interface RenderDeps {
  /** What the service is called. */
  readonly service: string;
  readonly overrides: Overrides;
  readonly log: { warn(data: object, message: string): void };
}

/**
 * Creates what writes messages, by the templates of the configuration where there are any, else in the server's own
 * words. A template that fails for a message is logged, and the server's own words go out.
 */
export const createRenderMessage =
  ({ service, overrides, log }: RenderDeps): RenderMessage =>
  (message) => {
    const { template, channel, recipient, content, createdAt } = message;
    const builtIn = writeBuiltIn(message, service);
    // Templates alone need it: the server's own words are written without.
    let fields: TemplateData["fields"] | undefined;
    const write = (part: MessagePart, standard: keyof BuiltInMessage): string => {
      const override = overrides.get(overrideKey(template, part));
      try {
        if (override !== undefined) {
          fields ??= createTemplateData(template, recipient, content).fields;
          return override.render(fields, createdAt);
        }
      } catch (error) {
        const reason = error instanceof RangeError ? error.message : "it cannot be filled in";
        log.warn({ template, part, reason }, "a template failed; the message is in the server's own words");
      }
      return builtIn[standard]();
    };
    if (channel === "sms") return { subject: "", text: write("sms.body.plaintext", "sms").trim(), html: undefined };
    return {
      // A subject is one line, whatever a template makes of a name.
      subject: write("email.subject", "subject")
        .replace(/[\s\p{Cc}]+/gu, " ")
        .trim(),
      text: write("email.body.plaintext", "text"),
      html: write("email.body.html", "html"),
    };
  };
