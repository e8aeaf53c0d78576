import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { apply, differsInProtected } from "../../identity/apply.ts";
import type { IdentityRecord, ValidTraits } from "../../identity/identity.ts";
import { memoize } from "../../lib/memoize.ts";
import { readTraits } from "../../schema/form.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { submitNode } from "../../ui/node.ts";
import { rejected } from "../contract/result.ts";
import type { SettingsMethod } from "../contract/settings.ts";
import { maskTraits, mustNameTraits } from "./mask.ts";

/*
 * The traits: what is known of a person, by the identity schema. This folder
 * owns their form and how they are replaced; what they must look like is the
 * schema's business, what is unique among people the identity's.
 */

/**
 * Creates the profile method. All of the validation comes before the session's
 * age is looked at (docs/compatibility.md, rule 14); a change is protected when it
 * alters identifiers or addresses, whatever the schema calls them.
 */
export const createProfileSettings = ({
  enabled,
}: {
  readonly enabled: boolean;
}): SettingsMethod<"profile", ValidTraits> => {
  const save = submitNode({ group: "profile", name: "method", value: "profile", label: uiText(messages.save) });

  /** The form of a person's stored traits, by schema. */
  const forms = new WeakMap<IdentitySchema, (identity: IdentityRecord) => readonly UiNode[]>();
  const formOf = (schema: IdentitySchema) => {
    const known = forms.get(schema);
    if (known) return known;
    const made = memoize(({ traits }: IdentityRecord): readonly UiNode[] => [
      ...traitNodes(schema, { group: "profile", values: traits }),
      save,
    ]);
    forms.set(schema, made);
    return made;
  };

  return {
    name: "profile",
    enabled,
    changesFactors: false,

    nodes: ({ schema, identity, submittedValues }) =>
      submittedValues
        ? [...traitNodes(schema, { group: "profile", values: {}, submittedValues }), save]
        : formOf(schema)(identity),

    examine: (input, { schema, identity, updateMask }) => {
      if (updateMask) mustNameTraits(updateMask);
      const sent = readTraits(schema, input.traits ?? {}, { current: identity.traits });
      const traits = updateMask ? maskTraits(identity.traits, sent.traits, updateMask) : sent.traits;
      const validated = validateTraits(schema, traits);
      if (validated.kind === "invalid") return rejected(validated.messages, sent.submittedValues);
      const after = apply(identity, { traits: validated }, { now: identity.updatedAt, newId: () => "" });
      return {
        kind: "examined",
        protected: differsInProtected(identity, after),
        examined: validated,
        submittedValues: sent.submittedValues,
      };
    },

    perform: async (traits) => ({ kind: "performed", change: { traits } }),
  };
};
