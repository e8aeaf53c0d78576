import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, withType, withValue } from "../../ui/node.ts";
import type { LoginView } from "./login.ts";

/* The field that says who signs in. Several methods read it, so that it is made in one place. */

/**
 * Makes the field for a method that reads it. Whose account it is may be known
 * already: who authenticates again, or links something to an account. The field
 * goes along hidden then.
 *
 * @param known the identifier of whoever is signed in, as this method knows it
 */
export const identifierNode = (
  { schema, submittedValues, refresh, signedIn, accountLink }: LoginView,
  known: string,
) => {
  if (accountLink) return withType(withValue(emptyIdentifierNode(schema, "default"), accountLink.identifier), "hidden");
  if (refresh && signedIn) return inputNode({ group: "default", name: "identifier", type: "hidden", value: known });
  return withValue(emptyIdentifierNode(schema, "default"), submittedValues?.identifier ?? "");
};

const made: Readonly<Record<"default" | "identifier_first", WeakMap<IdentitySchema, UiNode>>> = {
  default: new WeakMap(),
  identifier_first: new WeakMap(),
};

/** The field without a value. It is labelled by the trait that people sign in with, where there is just one. */
export const emptyIdentifierNode = (schema: IdentitySchema, group: "default" | "identifier_first"): UiNode => {
  const known = made[group].get(schema);
  if (known) return known;
  const fields = schema.fields.filter(({ identifies }) => identifies.length > 0);
  const [only] = fields;
  const label =
    fields.length === 1 && only?.title !== undefined
      ? uiText(messages.title, { title: only.title, name: only.name })
      : uiText(messages.identifier);
  const node = freezeNode(
    inputNode({
      group,
      name: "identifier",
      type: "text",
      required: true,
      autocomplete: "username webauthn",
      label,
    }),
  );
  made[group].set(schema, node);
  return node;
};
