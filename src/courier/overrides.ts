import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { CourierConfig, TemplateSource } from "../config/courier-config.ts";
import { type GetDocument, readDocument, readLocalFile } from "../lib/outbound/document.ts";
import { compileTemplate, type Template } from "./go-template/compile.ts";
import type { Shape } from "./go-template/shape.ts";
import { TemplateError } from "./go-template/template-error.ts";
import { type MessageTemplate, messageTemplates } from "./message.ts";

/** The part of a message that a template writes. */
export type MessagePart = TemplateSource["part"];

/** Templates of the configuration, by template and part. */
export type Overrides = ReadonlyMap<string, Template>;

/** Something wrong with a template, with the key it stands at. */
export interface TemplateFault {
  readonly path: string;
  readonly message: string;
}

const files: Readonly<Record<MessagePart, string>> = {
  "email.subject": "email.subject",
  "email.body.html": "email.body",
  "email.body.plaintext": "email.body.plaintext",
  "sms.body.plaintext": "sms.body",
};

/** The key of a template in `Overrides`. */
export const overrideKey = (template: MessageTemplate, part: MessagePart): string => `${template} ${part}`;

/** What reading templates needs. */
export interface OverrideDeps {
  readonly get: GetDocument;
  /** What templates may say. */
  readonly data: Shape;
}

/**
 * Reads the templates of the configuration: those of the folder, over them those that have keys of their own. All that
 * is wrong with them is reported at once.
 */
export const loadOverrides = async (
  { templates, template_override_path: folder }: Pick<CourierConfig, "templates" | "template_override_path">,
  { get, data }: OverrideDeps,
): Promise<{ readonly overrides: Overrides; readonly faults: readonly TemplateFault[] }> => {
  const overrides = new Map<string, Template>();
  const faults: TemplateFault[] = [];
  const compile = (source: string, part: MessagePart, others: Readonly<Record<string, string>>): Template =>
    compileTemplate(source, { kind: part === "email.body.html" ? "html" : "text", data, others });
  const add = (place: string, name: string, key: string, read: () => Template): void => {
    try {
      overrides.set(key, read());
    } catch (error) {
      faults.push({ path: place, message: `${name}${name === "" ? "" : ", "}${reasonOf(error)}` });
    }
  };

  if (folder !== undefined) {
    const at = "courier.template_override_path";
    if (!isFolder(folder)) faults.push({ path: at, message: "is no folder that can be read" });
    else
      for (const found of findFiles(folder))
        add(at, found.name, overrideKey(found.template, found.part), () =>
          compile(readLocalFile(found.file), found.part, siblingsOf(found.file)),
        );
  }
  for (const source of templates) {
    const text = await readDocument(source.url, get).catch((error: unknown) => error as Error);
    if (text instanceof Error) faults.push({ path: source.path, message: `cannot be read: ${reasonOf(text)}` });
    else
      add(source.path, "", overrideKey(source.template as MessageTemplate, source.part), () =>
        compile(text, source.part, {}),
      );
  }
  return { overrides, faults };
};

/** Where the templates of a message are in the folder: `recovery_code/valid`, `password_changed`. */
const foldersOf = (template: MessageTemplate): readonly string[] => {
  const [, name, variant] = /^(.*)_(valid|invalid)$/.exec(template) ?? [];
  return name === undefined || variant === undefined ? [template, `${template}/valid`] : [`${name}/${variant}`];
};

const findFiles = (root: string) =>
  messageTemplates.flatMap((template) =>
    foldersOf(template).flatMap((folder) =>
      (Object.keys(files) as MessagePart[]).flatMap((part) => {
        const name = path.join(folder, `${files[part]}.gotmpl`);
        const file = path.join(root, name);
        return isFile(file) ? [{ template, part, name, file }] : [];
      }),
    ),
  );

/** The templates beside a file, which it may include by their names. */
const siblingsOf = (file: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(path.dirname(file))
      .filter((name) => name.endsWith(".gotmpl") && name !== path.basename(file))
      .map((name) => [name, readLocalFile(path.join(path.dirname(file), name))]),
  );

const isFolder = (at: string): boolean => statSync(at, { throwIfNoEntry: false })?.isDirectory() === true;
const isFile = (at: string): boolean => statSync(at, { throwIfNoEntry: false })?.isFile() === true;

const reasonOf = (error: unknown): string => {
  if (error instanceof TemplateError || error instanceof RangeError) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? (error instanceof Error ? error.message : "unknown");
};
