import { outgoingHeaders } from "../../lib/trace.ts";
import { networkOf } from "../../limits/network.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import { readTraits } from "../../schema/form.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { RegistrationMethod } from "../contract/registration.ts";
import { rejected } from "../contract/result.ts";
import { PASSWORD, setPassword } from "./credential.ts";
import { newPasswordNodes } from "./new-password-nodes.ts";
import type { Passwords } from "./passwords.ts";

/**
 * Creates the password method of the registration flow. In two steps it shows
 * with the second, and takes a whole sign-up at any time: clients that send
 * everything at once need no steps (docs/compatibility.md, rule 7).
 */
export const createPasswordRegistration = ({
  enabled,
  passwords,
  limit,
}: {
  readonly enabled: boolean;
  readonly passwords: Passwords;
  readonly limit: RegistrationLimit;
}): RegistrationMethod<"password"> => {
  const credentials = newPasswordNodes(messages.signUp);

  return {
    name: PASSWORD,
    enabled,

    nodes: ({ schema, submittedValues, style, step }) => {
      if (style === "unified")
        return [
          ...traitNodes(schema, { group: "default", values: {}, ...(submittedValues && { submittedValues }) }),
          ...credentials,
        ];
      return step === "credentials" ? credentials : [];
    },

    submitted: (input, schema) => readTraits(schema, input.traits ?? {}).submittedValues,

    register: async (input, { schema }, call) => {
      const { traits, submittedValues } = readTraits(schema, input.traits ?? {});
      const validated = validateTraits(schema, traits);
      // What is missing is answered at once; what a good password is only when all else holds.
      const missing = input.password === "" ? [passwords.missing()] : [];
      if (validated.kind === "invalid") return rejected([...validated.messages, ...missing], submittedValues);
      if (missing.length > 0) return rejected(missing, submittedValues);
      const identifiers = validated.identifiers[PASSWORD] ?? [];
      if (identifiers.length === 0)
        return rejected([{ node: "", text: uiText(messages.noIdentifier) }], submittedValues);
      await limit.mustHaveRoom(call.remoteAddress);
      const network = networkOf(call.remoteAddress);
      const chosen = await passwords.choose({
        password: input.password,
        identifiers,
        currentHash: undefined,
        share: { purpose: "sign_up", network, subject: identifiers[0] ?? "", signal: call.signal },
        trace: outgoingHeaders(call),
      });
      if (chosen.kind === "refused") return rejected(chosen.messages, submittedValues);
      return {
        kind: "registered",
        traits: validated,
        credentials: [setPassword(chosen.hash)],
        amr: { method: PASSWORD, aal: "aal1" },
        submittedValues,
      };
    },
  };
};
