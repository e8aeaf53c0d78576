import { readTraits } from "../../schema/form.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { submitNode } from "../../ui/node.ts";
import type { RegistrationMethod } from "../contract/registration.ts";
import { rejected } from "../contract/result.ts";

/**
 * Creates the profile method of the registration flow: the first of two steps.
 * The second carries the traits along in hidden fields and leads back.
 */
export const createProfileRegistration = ({
  enabled,
}: {
  readonly enabled: boolean;
}): RegistrationMethod<"profile"> => {
  const continueRegistration = submitNode({
    group: "profile",
    name: "method",
    value: "profile",
    label: uiText(messages.signUp),
  });
  const goBack = submitNode({
    group: "profile",
    name: "screen",
    value: "previous",
    label: uiText(messages.signUpBack),
  });

  return {
    name: "profile",
    enabled,
    answers: (style) => style === "profile_first",

    nodes: ({ schema, submittedValues, style, step }) => {
      if (style === "unified") return [];
      const traits = { group: "default", values: {}, ...(submittedValues && { submittedValues }) };
      return step === "traits"
        ? [...traitNodes(schema, traits), continueRegistration]
        : [...traitNodes(schema, { ...traits, hidden: true }), goBack];
    },

    submitted: (input, schema) => readTraits(schema, input.traits ?? {}).submittedValues,

    register: async (input, { schema, submittedValues: before }) => {
      const { traits, submittedValues } = readTraits(schema, input.traits ?? {});
      if (input.screen === "previous")
        return {
          kind: "next_step",
          state: "choose_method",
          step: "traits",
          submittedValues: Object.keys(submittedValues).length > 0 ? submittedValues : (before ?? {}),
          messages: [],
        };
      const validated = validateTraits(schema, traits);
      if (validated.kind === "invalid") return rejected(validated.messages, submittedValues);
      return {
        kind: "next_step",
        state: "choose_method",
        step: "credentials",
        submittedValues,
        messages: [{ node: "", text: uiText(messages.chooseCredential) }],
      };
    },
  };
};
