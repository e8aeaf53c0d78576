import type { JsonValue } from "@bufbuild/protobuf";
import {
  NodeType,
  type UiNode,
  type UiNodeInputAttributes,
  type UiNodeMeta,
  type UiText,
} from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { deepFreeze } from "../lib/deep-freeze.ts";
import { jsonValue } from "../lib/proto-json.ts";

/** What an input element is made of. What is left out is absent in the form. */
export interface InputParts {
  /** The method it belongs to, or `default`. */
  readonly group: string;
  readonly name: string;
  /** HTML input type. */
  readonly type: string;
  readonly value?: JsonValue | undefined;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly autocomplete?: string | undefined;
  readonly pattern?: string | undefined;
  /** Characters. */
  readonly maxlength?: number | undefined;
  /** The values of a closed choice. */
  readonly options?: readonly JsonValue[] | undefined;
  readonly label?: UiText | undefined;
  readonly messages?: readonly UiText[];
  /** What a click on it runs, and the function of the page's script that does the same. */
  readonly onclick?: string | undefined;
  readonly onclickTrigger?: string | undefined;
  /** What its appearance runs, and the function of the page's script that does the same. */
  readonly onload?: string | undefined;
  readonly onloadTrigger?: string | undefined;
}

const noMessages: UiText[] = [];
Object.freeze(noMessages);
const noMeta: UiNodeMeta = Object.freeze({ $typeName: "ostiary.ui.v1.UiNodeMeta" });
const noOptions: UiNodeInputAttributes["options"] = [];
Object.freeze(noOptions);

const metaOf = (label: UiText | undefined): UiNodeMeta =>
  label === undefined ? noMeta : { $typeName: "ostiary.ui.v1.UiNodeMeta", label };

// Messages are plain literals, not create(): a form has some twenty of them, at every request.
const wrap = (group: string, input: UiNodeInputAttributes, messages: UiText[], meta: UiNodeMeta): UiNode => ({
  $typeName: "ostiary.ui.v1.UiNode",
  type: NodeType.INPUT,
  group,
  attributes: { $typeName: "ostiary.ui.v1.UiNodeAttributes", kind: { case: "input", value: input } },
  messages,
  meta,
});

/** Makes an input element. One that never changes is made once, frozen with `freezeNode` and shared. */
export function inputNode(parts: InputParts): UiNode {
  const input: UiNodeInputAttributes = {
    $typeName: "ostiary.ui.v1.UiNodeInputAttributes",
    name: parts.name,
    type: parts.type,
    value: parts.value === undefined ? undefined : jsonValue(parts.value),
    required: parts.required ?? false,
    disabled: parts.disabled ?? false,
    autocomplete: parts.autocomplete,
    pattern: parts.pattern,
    maxlength: parts.maxlength,
    options:
      parts.options?.map((option) => ({ $typeName: "ostiary.ui.v1.UiNodeInputOption", value: jsonValue(option) })) ??
      noOptions,
    ...(parts.onclickTrigger !== undefined && { onclickTrigger: parts.onclickTrigger }),
    ...(parts.onclick !== undefined && { onclick: parts.onclick }),
    ...(parts.onloadTrigger !== undefined && { onloadTrigger: parts.onloadTrigger }),
    ...(parts.onload !== undefined && { onload: parts.onload }),
  };
  return wrap(parts.group, input, parts.messages === undefined ? noMessages : [...parts.messages], metaOf(parts.label));
}

/** Makes a script of the page. The nonce is for the page's Content-Security-Policy, and another at each read. */
export const scriptNode = (parts: {
  readonly group: string;
  readonly id: string;
  readonly src: string;
  readonly integrity: string;
  readonly nonce: string;
}): UiNode => ({
  $typeName: "ostiary.ui.v1.UiNode",
  type: NodeType.SCRIPT,
  group: parts.group,
  attributes: {
    $typeName: "ostiary.ui.v1.UiNodeAttributes",
    kind: {
      case: "script",
      value: {
        $typeName: "ostiary.ui.v1.UiNodeScriptAttributes",
        src: parts.src,
        async: true,
        referrerpolicy: "no-referrer",
        crossorigin: "anonymous",
        integrity: parts.integrity,
        type: "text/javascript",
        id: parts.id,
        nonce: parts.nonce,
      },
    },
  },
  messages: noMessages,
  meta: noMeta,
});

/**
 * Freezes a node through and through, for sharing: encoders cache the JSON of
 * frozen messages. For what never changes only; each node is cached forever.
 */
export const freezeNode = (node: UiNode): UiNode => deepFreeze(node);

/** Makes a button that submits the form with `name=value`. Frozen: make it once, where the method is created. */
export const submitNode = (parts: {
  readonly group: string;
  readonly name: string;
  readonly value: string;
  readonly label: UiText;
}): UiNode => freezeNode(inputNode({ ...parts, type: "submit" }));

/** Makes a text to be read. */
export const textNode = (parts: {
  readonly group: string;
  readonly id: string;
  readonly text: UiText;
  readonly label?: UiText;
}): UiNode => ({
  $typeName: "ostiary.ui.v1.UiNode",
  type: NodeType.TEXT,
  group: parts.group,
  attributes: {
    $typeName: "ostiary.ui.v1.UiNodeAttributes",
    kind: {
      case: "text",
      value: { $typeName: "ostiary.ui.v1.UiNodeTextAttributes", id: parts.id, text: parts.text },
    },
  },
  messages: noMessages,
  meta: metaOf(parts.label),
});

/** Makes an image. `src` is a URL, or the image itself as a `data:` URL; sizes are in pixels. */
export const imageNode = (parts: {
  readonly group: string;
  readonly id: string;
  readonly src: string;
  readonly width: number;
  readonly height: number;
  readonly label: UiText;
}): UiNode => {
  const { id, src, width, height } = parts;
  return {
    $typeName: "ostiary.ui.v1.UiNode",
    type: NodeType.IMG,
    group: parts.group,
    attributes: {
      $typeName: "ostiary.ui.v1.UiNodeAttributes",
      kind: { case: "img", value: { $typeName: "ostiary.ui.v1.UiNodeImageAttributes", id, src, width, height } },
    },
    messages: noMessages,
    meta: metaOf(parts.label),
  };
};

/** Makes a link that a person follows. */
export const anchorNode = ({
  group,
  id,
  href,
  title,
}: {
  readonly group: string;
  readonly id: string;
  /** Absolute URL. */
  readonly href: string;
  readonly title: UiText;
}): UiNode => ({
  $typeName: "ostiary.ui.v1.UiNode",
  type: NodeType.A,
  group,
  attributes: {
    $typeName: "ostiary.ui.v1.UiNodeAttributes",
    kind: { case: "a", value: { $typeName: "ostiary.ui.v1.UiNodeAnchorAttributes", href, title, id } },
  },
  messages: noMessages,
  meta: { $typeName: "ostiary.ui.v1.UiNodeMeta", label: title },
});

const csrf = (value: string): UiNode =>
  inputNode({ group: "default", name: "csrf_token", type: "hidden", value, required: true });
const noCsrf = freezeNode(csrf(""));

/** Makes the anti-CSRF field. Native flows have it as well, with an empty value (docs/compatibility.md, rule 25). */
export const csrfNode = (value: string): UiNode => (value === "" ? noCsrf : csrf(value));

/** The same input element holding a value. Label and options stay shared. */
export function withValue(node: UiNode, value: JsonValue): UiNode {
  const kind = node.attributes?.kind;
  if (kind?.case !== "input") return node;
  return wrap(node.group, { ...kind.value, value: jsonValue(value) }, node.messages, node.meta ?? noMeta);
}

/** The same input element, of another HTML input type. */
export function withType(node: UiNode, type: string): UiNode {
  const kind = node.attributes?.kind;
  if (kind?.case !== "input" || kind.value.type === type) return node;
  return wrap(node.group, { ...kind.value, type }, node.messages, node.meta ?? noMeta);
}

/** The same input element, which may stay empty. */
export function withoutRequired(node: UiNode): UiNode {
  const kind = node.attributes?.kind;
  if (kind?.case !== "input" || kind.value.required !== true) return node;
  return wrap(node.group, { ...kind.value, required: false }, node.messages, node.meta ?? noMeta);
}

/** The same element with further messages. */
export const withMessages = (node: UiNode, messages: readonly UiText[]): UiNode => ({
  ...node,
  messages: [...node.messages, ...messages],
});

/** The id by which messages and the order find an element: the name of an input, the id of anything else. */
export function nodeId(node: UiNode): string {
  const kind = node.attributes?.kind;
  if (kind?.case === undefined) return "";
  return kind.case === "input" ? kind.value.name : kind.value.id;
}
