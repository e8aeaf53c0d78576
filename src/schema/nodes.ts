import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { UiNode } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { attachMessages } from "../ui/attach-messages.ts";
import { messages as rows, uiText } from "../ui/messages.ts";
import { freezeNode, inputNode, withoutRequired, withValue } from "../ui/node.ts";
import type { FormMessage } from "../ui/stored-message.ts";
import { flattenTraits } from "./flatten-traits.ts";
import type { IdentitySchema } from "./identity-schema.ts";

/** What the trait elements of a form show. */
export interface TraitNodes {
  /** `profile` in settings, `default` in registration. */
  readonly group: string;
  /** The identity's traits; `{}` where there is none yet. */
  readonly values: JsonObject;
  /** After an error: what was sent, instead of `values`. */
  readonly submittedValues?: Readonly<Record<string, JsonValue>> | undefined;
  /** Texts about traits. Those about other elements are the caller's to attach. */
  readonly messages?: readonly FormMessage[];
  /** Hidden inputs: the second step of a registration carries the first along. */
  readonly hidden?: boolean;
}

/** The elements without values, made once for each schema, group and kind, and shared by all forms. */
const bare = new WeakMap<IdentitySchema, Map<string, ReadonlyMap<string, UiNode>>>();

function bareNodes(schema: IdentitySchema, group: string, hidden: boolean): ReadonlyMap<string, UiNode> {
  const known = bare.get(schema) ?? new Map<string, ReadonlyMap<string, UiNode>>();
  bare.set(schema, known);
  const key = `${group} ${hidden}`;
  let nodes = known.get(key);
  if (nodes === undefined) {
    nodes = new Map(
      schema.fields.map((field) => {
        const label =
          field.title === undefined ? undefined : uiText(rows.title, { title: field.title, name: field.name });
        const { name, required, autocomplete, pattern, options } = field;
        return [
          name,
          freezeNode(
            inputNode({
              group,
              name,
              type: hidden ? "hidden" : field.type,
              required,
              autocomplete,
              pattern,
              options,
              label,
            }),
          ),
        ] as const;
      }),
    );
    known.set(key, nodes);
  }
  return nodes;
}

const typeOf = (value: JsonValue): string =>
  typeof value === "number" ? "number" : typeof value === "boolean" ? "checkbox" : "text";

/**
 * Renders traits as input elements (docs/compatibility.md, rule 21): one for each field of
 * the schema, with its value if there is one; then one for each further value,
 * such as the entries of a list, typed by what it is. Unsorted.
 */
export function traitNodes(
  schema: IdentitySchema,
  { group, values, submittedValues, messages = [], hidden = false }: TraitNodes,
): readonly UiNode[] {
  const fields = bareNodes(schema, group, hidden);
  const flat: ReadonlyMap<string, JsonValue> =
    submittedValues === undefined ? flattenTraits(schema.traits, values) : new Map(Object.entries(submittedValues));
  // The field of a list is for one more entry: where there are some, it may stay empty.
  const filled = new Set(
    [...flat.keys()].flatMap((name) => (fields.has(name) ? [] : [name.slice(0, name.lastIndexOf("."))])),
  );
  const nodes: UiNode[] = [];
  for (const { name, isList } of schema.fields) {
    const node = fields.get(name);
    if (node === undefined) continue;
    const value = flat.get(name);
    const shown = value === undefined ? node : withValue(node, value);
    nodes.push(isList && filled.has(name) ? withoutRequired(shown) : shown);
  }
  for (const [name, value] of flat) {
    if (!fields.has(name)) nodes.push(inputNode({ group, name, type: hidden ? "hidden" : typeOf(value), value }));
  }
  return messages.length === 0 ? nodes : attachMessages(nodes, messages);
}
