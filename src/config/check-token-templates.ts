import { isMap } from "./tree.ts";
import type { Finding } from "./validate.ts";

const key = "session.whoami.tokenizer.templates";

/** Warnings about templates of tokens that nothing can sign. */
export function findTokenTemplateWarnings(get: (path: string) => unknown): readonly Finding[] {
  const templates = get(key);
  return Object.entries(isMap(templates) ? templates : {}).flatMap(([name, template]) =>
    isMap(template) && template.jwks_url === undefined
      ? [{ path: [...key.split("."), name], message: "has no jwks_url: no token of it can be made" }]
      : [],
  );
}
