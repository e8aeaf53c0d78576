import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { capMemory } from "./cap-memory.ts";

const require = createRequire(import.meta.url);

/** The part of WebAssembly that is used here: its types come with those of browsers only. */
declare const WebAssembly: {
  readonly Module: {
    new (bytes: Uint8Array): WebAssemblyModule;
    imports(module: WebAssemblyModule): readonly { readonly module: string; readonly name: string }[];
  };
  readonly Instance: new (module: WebAssemblyModule, imports: Imports) => { readonly exports: unknown };
};
interface WebAssemblyModule {
  readonly [Symbol.toStringTag]?: string;
}
type Imports = Readonly<Record<string, Readonly<Record<string, () => unknown>>>>;

/** What the engine exports, as far as it is used here. Pointers and lengths are bytes of its memory. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  jsonnet_make(): number;
  jsonnet_ext_string(vm: number, key: number, keyLength: number, value: number, valueLength: number): void;
  jsonnet_evaluate_snippet(
    result: number,
    vm: number,
    name: number,
    nameLength: number,
    source: number,
    sourceLength: number,
  ): void;
  __wbindgen_malloc(size: number, align: number): number;
  __wbindgen_add_to_stack_pointer(delta: number): number;
}

/** Evaluates Jsonnet: returns the JSON text, or what is wrong, in the same string. An error is no JSON. */
export type Jsonnet = (source: string, variables: Readonly<Record<string, string>>) => string;

/**
 * Loads the Jsonnet engine: jrsonnet as WebAssembly, the binary of
 * `@arakoodev/jsonnet`. Its JavaScript is left aside: it reads files and knows
 * callbacks, and a program shall have neither. So every import that the engine
 * could reach the outside by throws; imports of files are refused by the
 * engine itself, which was built for a machine without any.
 *
 * Each evaluation has an instance of its own, which costs a millisecond: the
 * engine leaks, and nothing of one person shall be there for the next.
 *
 * @param memoryLimit bytes of an evaluation
 */
export const loadJsonnet = (memoryLimit: number): Jsonnet => {
  const folder = path.dirname(require.resolve("@arakoodev/jsonnet"));
  const module = new WebAssembly.Module(
    capMemory(readFileSync(path.join(folder, "jsonnet_wasm_bg.wasm")), memoryLimit),
  );
  const imports = closedImports(module);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  return (source, variables) => {
    const wasm = new WebAssembly.Instance(module, imports).exports as Exports;
    // What is handed to the engine is the engine's to free.
    const pass = (text: string): readonly [number, number] => {
      const bytes = encoder.encode(text);
      const pointer = wasm.__wbindgen_malloc(bytes.length, 1) >>> 0;
      new Uint8Array(wasm.memory.buffer, pointer, bytes.length).set(bytes);
      return [pointer, bytes.length];
    };
    const vm = wasm.jsonnet_make() >>> 0;
    for (const [key, value] of Object.entries(variables)) wasm.jsonnet_ext_string(vm, ...pass(key), ...pass(value));
    const result = wasm.__wbindgen_add_to_stack_pointer(-16);
    wasm.jsonnet_evaluate_snippet(result, vm, ...pass("program"), ...pass(source));
    const [pointer = 0, length = 0] = new Uint32Array(wasm.memory.buffer, result, 2);
    return decoder.decode(new Uint8Array(wasm.memory.buffer, pointer, length));
  };
};

/**
 * Imports that exist, because the module asks for them, and refuse. Telling of a panic is silent: what follows is a
 * trap.
 */
const closedImports = (module: WebAssemblyModule): Imports => {
  const closed: Record<string, Record<string, () => unknown>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    closed[from] ??= {};
    closed[from][name] = () => {
      if (/_(?:error|new|stack)_/.test(name) || name === "__wbindgen_object_drop_ref") return 0;
      throw new Error(`a program has no ${name}`);
    };
  }
  return closed;
};
