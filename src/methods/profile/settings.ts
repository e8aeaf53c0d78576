import { apply, differsInProtected } from "../../identity/apply.ts";
import type { ValidTraits } from "../../identity/identity.ts";
import { readTraits } from "../../schema/form.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { submitNode } from "../../ui/node.ts";
import { rejected, type SettingsMethod } from "../method.ts";
import { maskTraits, mustNameTraits } from "./mask.ts";

/*
 * The traits: what is known of a person, by the identity schema. This folder
 * owns their form and how they are replaced; what they must look like is the
 * schema's business, what is unique among people the identity's.
 */

/**
 * Creates the profile method. All of the validation comes before the session's
 * age is looked at (contract, settings trap 3); a change is protected when it
 * alters identifiers or addresses, whatever the schema calls them.
 */
export const createProfileSettings = ({ enabled }: { readonly enabled: boolean }): SettingsMethod<"profile", ValidTraits> => {
  const save = submitNode({ group: "profile", name: "method", value: "profile", label: uiText(messages.save) });

  return {
    name: "profile",
    enabled,

    nodes: ({ schema, identity, shown }) => [...traitNodes(schema, { group: "profile", values: identity.traits, ...(shown && { shown }) }), save],

    examine: (input, { schema, identity, updateMask }) => {
      if (updateMask) mustNameTraits(updateMask);
      const sent = readTraits(schema, input.traits ?? {});
      const traits = updateMask ? maskTraits(identity.traits, sent.traits, updateMask) : sent.traits;
      const validated = validateTraits(schema, traits);
      if (validated.kind === "invalid") return rejected(validated.messages, sent.shown);
      const after = apply(identity, { traits: validated }, { now: identity.updatedAt, newId: () => "" });
      return { kind: "examined", protected: differsInProtected(identity, after), examined: validated, shown: sent.shown };
    },

    prepare: async (traits) => ({ kind: "prepared", change: { traits } }),
  };
};
