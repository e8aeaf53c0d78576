import { functions } from "./functions.ts";
import { findFormatFault } from "./print-formatted.ts";
import type { Expression } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";
import type { Token } from "./tokens.ts";

/** Reads a pipeline: `.a.b | default "x"`. @throws TemplateError */
export const parseExpression = (tokens: readonly Token[], line: number): Expression => {
  const reader = createReader(tokens, line);
  const value = reader.pipeline();
  reader.mustBeAtEnd();
  return value;
};

const createReader = (tokens: readonly Token[], line: number) => {
  let at = 0;
  const fail = (message: string): never => {
    throw new TemplateError(line, message);
  };
  const isSign = (text: string) => tokens[at]?.kind === "sign" && tokens[at]?.text === text;

  const pipeline = (): Expression => {
    let value = command(undefined);
    while (isSign("|")) {
      at++;
      value = command(value);
    }
    return value;
  };

  /** One command; what the one before it gave is its last argument. */
  const command = (piped: Expression | undefined): Expression => {
    const token = tokens[at];
    if (token === undefined) return fail("a value is missing");
    if (token.kind === "word" && !isConstant(token.text) && !hasMember(at + 1)) {
      at++;
      return call(token.text, [...operands(), ...(piped === undefined ? [] : [piped])]);
    }
    if (piped !== undefined) return fail("what stands after | must be a function");
    const value = operand();
    if (tokens[at] !== undefined && !isSign("|") && !isSign(")"))
      return fail(`${JSON.stringify(tokens[at]?.text)} stands after a value that is no function`);
    return value;
  };

  const operands = (): Expression[] => {
    const all: Expression[] = [];
    while (tokens[at] !== undefined && !isSign("|") && !isSign(")")) all.push(operand());
    return all;
  };

  const operand = (): Expression => {
    const token = tokens[at++];
    if (token === undefined) return fail("a value is missing");
    switch (token.kind) {
      case "string":
        return { kind: "constant", value: token.text };
      case "number":
        return { kind: "constant", value: token.text.includes(".") ? Number(token.text) : BigInt(token.text) };
      case "dot":
        return { kind: "field", path: [] };
      case "field":
        return { kind: "field", path: token.text.split(".") };
      case "variable": {
        const [name = "", ...path] = token.text.split(".");
        return { kind: "variable", name, path };
      }
      case "word":
        return isConstant(token.text)
          ? { kind: "constant", value: constants[token.text] ?? null }
          : withMember(call(token.text, []));
      case "sign":
        return token.text === "(" ? parentheses() : fail(`${JSON.stringify(token.text)} is not expected here`);
    }
  };

  const parentheses = (): Expression => {
    const inside = pipeline();
    if (!isSign(")")) fail("a parenthesis is not closed");
    at++;
    return withMember(inside);
  };

  /** Whether a field follows at once: `(f).a`, `now.Year`. */
  const hasMember = (index: number): boolean => tokens[index]?.kind === "field" && tokens[index]?.isApart === false;

  const withMember = (of: Expression): Expression => {
    if (!hasMember(at)) return of;
    const path = tokens[at++]?.text.split(".") ?? [];
    return { kind: "member", of, path };
  };

  const call = (name: string, args: readonly Expression[]): Expression => {
    const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (known === undefined) return fail(`the function ${name} is not there`);
    const [least, most] = known.takes;
    if (args.length < least || args.length > most) return fail(`${name} takes another number of values`);
    const [format, ...values] = args;
    if (name === "printf" && format?.kind === "constant" && typeof format.value === "string") {
      const fault = findFormatFault(format.value, values.length);
      if (fault !== undefined) fail(fault);
    }
    return { kind: "call", name, args };
  };

  return {
    pipeline,
    mustBeAtEnd: () => {
      if (at < tokens.length) fail(`${JSON.stringify(tokens[at]?.text)} is not expected here`);
    },
  };
};

const constants: Readonly<Record<string, boolean | null>> = { true: true, false: false, nil: null };
const isConstant = (word: string): boolean => Object.hasOwn(constants, word);
