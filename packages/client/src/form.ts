import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { UiContainer, UiNode, UiNodeAttributes, UiNodeInputAttributes } from "../gen/ostiary/ui/v1/ui_pb.ts";
import { type Text, textOf } from "./text.ts";

interface NodeBase {
  /** The method that the node belongs to, `default` for all. */
  readonly group: string;
  readonly messages: readonly Text[];
  /** The label beside the element; undefined where there is none. */
  readonly label: Text | undefined;
}

/** An input field or a button. */
export interface InputNode extends NodeBase {
  readonly kind: "input";
  readonly name: string;
  /** HTML input type: `text`, `password`, `checkbox`, `submit`, … */
  readonly type: string;
  readonly value: JsonValue | undefined;
  readonly required: boolean;
  readonly disabled: boolean;
  readonly autocomplete: string | undefined;
  readonly pattern: string | undefined;
  readonly maxLength: number | undefined;
  /** Values to choose from; empty where any is good. */
  readonly options: readonly JsonValue[];
  /** Names of functions of the server's script that a click and the appearance call. */
  readonly onClickTrigger: string | undefined;
  readonly onLoadTrigger: string | undefined;
}

/** A text. */
export interface TextNode extends NodeBase {
  readonly kind: "text";
  readonly id: string;
  readonly text: Text;
}

/** An image. */
export interface ImageNode extends NodeBase {
  readonly kind: "img";
  readonly id: string;
  readonly src: string;
  readonly width: number;
  readonly height: number;
}

/** A link. */
export interface LinkNode extends NodeBase {
  readonly kind: "a";
  readonly id: string;
  readonly href: string;
  readonly title: Text;
}

/** A script to load. */
export interface ScriptNode extends NodeBase {
  readonly kind: "script";
  readonly id: string;
  readonly src: string;
  readonly integrity: string;
  readonly nonce: string;
  readonly crossOrigin: string;
  readonly referrerPolicy: string;
}

/** A container for a script's output. */
export interface DivNode extends NodeBase {
  readonly kind: "div";
  readonly id: string;
  readonly data: Readonly<Record<string, string>>;
}

/** An element of a form. `kind` tells the cases apart. */
export type FormNode = InputNode | TextNode | ImageNode | LinkNode | ScriptNode | DivNode;

/** A form, as a client renders it. */
export interface Form {
  readonly action: string;
  readonly method: string;
  readonly nodes: readonly FormNode[];
  readonly messages: readonly Text[];
}

/** What has a form: a flow of any kind. */
export interface WithForm {
  readonly ui?: UiContainer | undefined;
}

/** Makes the form of a flow: typed nodes in the order in which they are shown, without nodes of unknown types. */
export const formOf = ({ ui }: WithForm): Form => ({
  action: ui?.action ?? "",
  method: ui?.method ?? "POST",
  nodes: (ui?.nodes ?? []).flatMap(nodeOf),
  messages: (ui?.messages ?? []).map(textOf),
});

/** The nodes of some groups, with those that every method submits. */
export const nodesOf = (form: Form, ...groups: readonly string[]): readonly FormNode[] =>
  form.nodes.filter(({ group }) => group === "default" || groups.includes(group));

/** The input of a name; undefined where the form has none. */
export const inputOf = (form: Form, name: string): InputNode | undefined =>
  form.nodes.find((node): node is InputNode => node.kind === "input" && node.name === name);

const nodeOf = ({ attributes, group, messages, meta }: UiNode): FormNode[] => {
  const base = { group, messages: messages.map(textOf), label: meta?.label && textOf(meta.label) };
  const own = attributesOf(attributes);
  return own === undefined ? [] : [Object.assign(base, own) as unknown as FormNode];
};

const attributesOf = (attributes: UiNodeAttributes | undefined): object | undefined => {
  if (attributes === undefined) return undefined;
  const { kind: held } = attributes;
  const { case: kind, value } = held;
  switch (kind) {
    case "input":
      return inputAttributes(value);
    case "text":
      return { kind, id: value.id, text: textOf(value.text) };
    case "img":
      return { kind, id: value.id, src: value.src, width: value.width, height: value.height };
    case "a":
      return { kind, id: value.id, href: value.href, title: textOf(value.title) };
    case "script":
      return {
        kind,
        id: value.id,
        src: value.src,
        integrity: value.integrity,
        nonce: value.nonce,
        crossOrigin: value.crossorigin,
        referrerPolicy: value.referrerpolicy,
      };
    case "div":
      return { kind, id: value.id, data: value.data };
    default:
      return undefined;
  }
};

const plain = (value: Value | undefined): JsonValue | undefined => value && toJson(ValueSchema, value);

const inputAttributes = (input: UiNodeInputAttributes): Omit<InputNode, keyof NodeBase> & Partial<NodeBase> => ({
  kind: "input",
  name: input.name,
  type: input.type,
  value: plain(input.value),
  required: input.required,
  disabled: input.disabled,
  autocomplete: input.autocomplete,
  pattern: input.pattern,
  maxLength: input.maxlength,
  options: input.options.map(({ value }) => plain(value) ?? null),
  onClickTrigger: input.onclickTrigger,
  onLoadTrigger: input.onloadTrigger,
  ...(input.label && { label: textOf(input.label) }),
});
