import type { DescEnum, DescEnumValue, DescField, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { getComments } from "@bufbuild/protoplugin";
import type { Json } from "./schema.ts";

/** The comment above a declaration, its lines joined to paragraphs. Empty without source information. */
export const commentOf = (
  desc: DescEnum | DescEnumValue | DescField | DescMessage | DescMethod | DescService,
): string =>
  (getComments(desc).leading ?? "")
    .split("\n")
    .map((line) => line.replace(/^ /, ""))
    .join("\n")
    .trim()
    .replaceAll(/(?<!\n)\n(?!\n|Who may call:|Errors:)/g, " ");

/**
 * The example that a field's comment gives: what stands in backquotes after
 * `for example` or a colon, if it is whole.
 */
export const exampleIn = (comment: string): string | undefined => {
  const [, example] = /(?:for example|:) `([^`]+)`/.exec(comment) ?? [];
  return example === undefined || /[…<>]/.test(example) ? undefined : example;
};

/** The same as JSON, for fields that hold objects or any value; undefined where it is none. */
export const jsonExampleIn = (comment: string): Json | undefined => {
  const example = exampleIn(comment);
  if (example === undefined) return undefined;
  try {
    return JSON.parse(example) as Json;
  } catch {
    return undefined;
  }
};

/** Whether a comment says that a text is a UUID. */
export const saysUuid = (comment: string): boolean =>
  /\ba UUID\b(?! or\b)/.test(comment) && !/, a UUID or/.test(comment);
