import type { WireInput } from "./wire.ts";

/** What a field is for, as far as texts, hints and the browser's help depend on it. */
export type FieldKind =
  | "checkbox"
  | "code"
  | "date"
  | "datetime"
  | "email"
  | "identifier"
  | "number"
  | "password"
  | "select"
  | "tel"
  | "text"
  | "url";

const byType: Readonly<Record<string, FieldKind>> = {
  checkbox: "checkbox",
  date: "date",
  "datetime-local": "datetime",
  email: "email",
  number: "number",
  password: "password",
  tel: "tel",
  url: "url",
};

/** Tells what a field is for by its type and, where that says nothing, by its name. */
export const fieldKindOf = ({ type, name, options }: WireInput): FieldKind => {
  if (options && options.length > 0) return "select";
  const kind = byType[type];
  if (kind !== undefined) return kind;
  if (name === "identifier") return "identifier";
  return /^[a-z_]*code$/.test(name) ? "code" : "text";
};
