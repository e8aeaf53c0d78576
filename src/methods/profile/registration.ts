import { readTraits } from "../../schema/form.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { submitNode } from "../../ui/node.ts";
import { type RegistrationMethod, rejected } from "../method.ts";

/**
 * Creates the profile method of the registration flow: the first of two steps.
 * The second carries the traits along in hidden fields and leads back.
 */
export const createProfileRegistration = ({ enabled }: { readonly enabled: boolean }): RegistrationMethod<"profile"> => {
  const goOn = submitNode({ group: "profile", name: "method", value: "profile", label: uiText(messages.signUp) });
  const goBack = submitNode({ group: "profile", name: "screen", value: "previous", label: uiText(messages.signUpBack) });

  return {
    name: "profile",
    enabled,

    nodes: ({ schema, shown, style, step }) => {
      if (style === "unified") return [];
      const traits = { group: "default", values: {}, ...(shown && { shown }) };
      return step === "traits" ? [...traitNodes(schema, traits), goOn] : [...traitNodes(schema, { ...traits, hidden: true }), goBack];
    },

    typed: (input, schema) => readTraits(schema, input.traits ?? {}).shown,

    enrol: async (input, { schema, shown: before }) => {
      const { traits, shown } = readTraits(schema, input.traits ?? {});
      if (input.screen === "previous")
        return { kind: "step", context: { step: "traits" }, shown: Object.keys(shown).length > 0 ? shown : (before ?? {}), messages: [] };
      const validated = validateTraits(schema, traits);
      if (validated.kind === "invalid") return rejected(validated.messages, shown);
      return { kind: "step", context: { step: "credentials" }, shown, messages: [{ node: "", text: uiText(messages.chooseCredential) }] };
    },
  };
};
