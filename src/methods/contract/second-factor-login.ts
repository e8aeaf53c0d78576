import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { answersAal } from "../../session/aal.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, submitNode, withValue } from "../../ui/node.ts";
import type { Authenticated } from "./authentication.ts";
import type { LoginInput, LoginMethod } from "./login.ts";
import { type Rejected, rejected } from "./result.ts";
import type { SecondFactorAttempts } from "./second-factor.ts";

/** What second factors that are typed in differ in. */
export interface SecondFactorParts<K extends "totp" | "lookup_secret"> {
  readonly name: K;
  readonly enabled: boolean;
  /** The name of the input field. */
  readonly field: string;
  readonly labels: { readonly code: UiText; readonly signIn: UiText };
  /** What is said to whoever has not set it up. */
  readonly absent: UiText;
  readonly attempts: SecondFactorAttempts;
  hasFactor(identity: IdentityRecord): boolean;
  /** What was submitted, without the spaces that people type. */
  codeOf(input: LoginInput<K>): string;
  verify(identity: IdentityRecord, code: string): Promise<Authenticated | Rejected>;
}

/**
 * Creates the login method of a second factor that is typed in: its form, where somebody who has one is asked for it,
 * and the attempts at it. @throws RATE_LIMITED from `authenticate`
 */
export const createSecondFactorLogin = <K extends "totp" | "lookup_secret">({
  name,
  enabled,
  field,
  labels,
  absent,
  attempts,
  hasFactor,
  codeOf,
  verify,
}: SecondFactorParts<K>): LoginMethod<K> => {
  const code = freezeNode(inputNode({ group: name, name: field, type: "text", required: true, label: labels.code }));
  const emptyCode = freezeNode(withValue(code, ""));
  const submit = submitNode({ group: name, name: "method", value: name, label: labels.signIn });
  const refuse = (node: string, text: UiText) => rejected([{ node, text }], {});

  return {
    name,
    enabled,
    answers: (requestedAal) => answersAal(requestedAal, "second"),

    nodes: ({ requestedAal, signedIn, submittedValues }) =>
      requestedAal === 2 && signedIn && hasFactor(signedIn.identity)
        ? [submittedValues === null ? emptyCode : code, submit]
        : [],

    submitted: () => ({}),

    authenticate: async (input, { signedIn }, call) => {
      if (signedIn === undefined || !hasFactor(signedIn.identity)) return refuse("", absent);
      const submitted = codeOf(input);
      if (submitted === "") return refuse(field, uiText(messages.required, { property: field }));
      return attempts(signedIn, name, call, () => verify(signedIn.identity, submitted));
    },
  };
};
