import { readFileSync } from "node:fs";
import { compileTemplate } from "./go-template/compile.ts";
import { namesShape } from "./go-template/shape.ts";
import type { MessageContent, MessageTemplate } from "./message.ts";
import { directionOf, durationText, findText, type TextValues } from "./texts.ts";

/** What a message says, by the server's own texts. */
export interface BuiltInMessage {
  subject(): string;
  html(): string;
  text(): string;
  sms(): string;
}

/** A message, as far as its texts depend on it. */
export interface WrittenMessage {
  readonly template: MessageTemplate;
  readonly content: MessageContent;
  readonly createdAt: Date;
}

const layoutFields = [
  "Language",
  "Direction",
  "Start",
  "Service",
  "Title",
  "Preview",
  "Lines",
  "Code",
  "URL",
  "Button",
  "Fallback",
  "Notes",
  "Footer",
];
const layout = compileTemplate(readFileSync(new URL("./layout/mail.html", import.meta.url), "utf8"), {
  kind: "html",
  data: namesShape(layoutFields),
  // Mail programs of Microsoft read some.
  hasComments: true,
});

/** What is said at the end, by what a message is about. */
const notesOf = (template: MessageTemplate): readonly string[] => {
  if (template === "address_change_undone") return [];
  if (template === "invitation") return ["note.ignore"];
  if (template.endsWith("_code_valid")) return ["note.secret", "note.ignore"];
  if (template.endsWith("_valid")) return ["note.ignore"];
  return template.endsWith("_invalid") ? ["note.stranger"] : ["note.alarm"];
};

/** Writes a message in the server's own words. `service` is what the service is called. */
export const writeBuiltIn = ({ template, content, createdAt }: WrittenMessage, service: string): BuiltInMessage => {
  const { language, data } = content;
  const values: TextValues = {
    service,
    code: data.code,
    url: data.url,
    new_address: data.newAddress,
    name: data.name,
    ...(data.expiresInMinutes !== undefined && { duration: durationText(language, data.expiresInMinutes) }),
  };
  const say = (key: string): string => findText(language, key, values) ?? "";
  const subject = say(`${template}.subject`);
  const lines = [
    say(`${template}.text`),
    ...(data.newAddress !== undefined || data.name !== undefined ? [say(`${template}.detail`)] : []),
    ...(data.url === undefined ? [] : [say(`${template}.undo`)]),
  ].filter((line) => line !== "");
  const notes = [...(values.duration === undefined ? [] : [say("valid")]), ...notesOf(template).map(say)];

  return {
    subject: () => subject,
    html: () =>
      layout.render(
        {
          Language: language,
          Direction: directionOf(language),
          Start: directionOf(language) === "rtl" ? "right" : "left",
          Service: service,
          Title: subject,
          Preview: lines[0],
          Lines: lines,
          Code: data.code,
          URL: data.url,
          Button: say(`${template}.button`),
          Fallback: say("fallback"),
          Notes: notes,
          Footer: say("footer"),
        },
        createdAt,
      ),
    // The code stands in a line of its own: nothing that wraps lines can break it.
    text: () =>
      [subject, ...lines, data.code, data.url, notes.join("\n"), `-- \n${say("footer")}`]
        .filter((part) => part !== undefined && part !== "")
        .join("\n\n"),
    sms: () =>
      (data.url === undefined ? undefined : findText(language, `${template}.undo_sms`, values)) ??
      findText(language, `${template}.sms`, values) ??
      `${service}: ${subject}`,
  };
};
