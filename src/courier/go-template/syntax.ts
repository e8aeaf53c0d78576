/*
 * What a Go template is once it is read (https://pkg.go.dev/text/template):
 * the part of the language that templates of mails use.
 */

/** Something that has a value. */
export type Expression =
  | { readonly kind: "constant"; readonly value: string | number | bigint | boolean | null }
  /** `.a.b`: of what the dot stands for. */
  | { readonly kind: "field"; readonly path: readonly string[] }
  /** `$x.a`; the name of `$` is empty. */
  | { readonly kind: "variable"; readonly name: string; readonly path: readonly string[] }
  /** `(…).a` */
  | { readonly kind: "member"; readonly of: Expression; readonly path: readonly string[] }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] };

/** One node of a template. Lines count from 1. */
export type Node =
  | { readonly kind: "text"; readonly text: string; readonly line: number }
  | { readonly kind: "print"; readonly value: Expression; readonly line: number }
  | {
      readonly kind: "set";
      readonly name: string;
      readonly isNew: boolean;
      readonly value: Expression;
      readonly line: number;
    }
  | {
      readonly kind: "if" | "with";
      readonly value: Expression;
      readonly name: string | undefined;
      readonly then: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly line: number;
    }
  | {
      readonly kind: "range";
      readonly value: Expression;
      /** `$value`, or `$key` and `$value`. */
      readonly names: readonly string[];
      readonly then: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly line: number;
    }
  | { readonly kind: "template"; readonly name: string; readonly value: Expression; readonly line: number };

/** A template that was read, with those that it defines. */
export interface ParsedTemplate {
  readonly nodes: readonly Node[];
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}
