import type { JsonObject } from "@bufbuild/protobuf";
import type { CodeConfig } from "../../config/config.ts";
import type { Database } from "../../db/sql.ts";
import type { ValidTraits } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Call } from "../../lib/call.ts";
import { sha256 } from "../../lib/digest.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import { readTraits } from "../../schema/form.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { submitNode } from "../../ui/node.ts";
import type { RegistrationResult } from "../contract/authentication.ts";
import type { RegistrationInput, RegistrationMethod, RegistrationView } from "../contract/registration.ts";
import { type NextStep, type Rejected, rejected, type SubmittedValues } from "../contract/result.ts";
import type { CodeChallenges } from "./challenges.ts";
import { CODE, type CodeAddress, viaOfValue } from "./credential.ts";
import { messages } from "./messages.ts";
import { sentNodes } from "./sent-nodes.ts";

/** What the code method of the registration flow needs. */
export interface CodeRegistrationDeps {
  readonly config: CodeConfig;
  readonly db: Database;
  readonly identities: Pick<IdentityStore, "findIdentifierOwner">;
  readonly challenges: CodeChallenges;
  readonly limit: RegistrationLimit;
  /** Whether an address that belongs to someone is answered like one that does not. */
  readonly hidesAccounts: boolean;
}

/**
 * Creates the code method of the registration flow: it sends a code to the
 * addresses that the traits sign in with, and creates the account when one of
 * them comes back, with the address verified. Where accounts are hidden, whoever
 * signs up by another method is asked for such a code as well
 * (docs/passwordless.md).
 */
export const createCodeRegistration = ({
  config,
  db,
  identities,
  challenges,
  limit,
  hidesAccounts,
}: CodeRegistrationDeps): RegistrationMethod<"code"> => {
  const isWayIn = config.enabled && config.passwordless_enabled;
  const send = submitNode({ group: CODE, name: "method", value: CODE, label: uiText(messages.sendRegistrationCode) });
  const back = submitNode({
    group: "profile",
    name: "screen",
    value: "credential-selection",
    label: uiText(general.signUpBack),
  });
  const afterSending = sentNodes(uiText(general.registrationCode));

  /** Sends a code to each of these addresses. */
  const challenge = async (
    { validated, submittedValues }: Filled,
    addresses: readonly CodeAddress[],
    { flow, transientPayload }: RegistrationView,
    call: Call,
    confirmed?: Confirmed,
  ): Promise<NextStep | Rejected> => {
    await limit.mustHaveRoom(call.remoteAddress);
    await challenges.beginEarly(call, addresses);
    const owner = hidesAccounts ? await identities.findIdentifierOwner(db, validated) : undefined;
    // What is no address, such as a user name, is nothing that only its owner could get to know.
    if (owner && !addresses.some(({ value }) => value === owner.value))
      return rejected([{ node: "", text: uiText(general.identifierTaken) }], submittedValues);
    const isVoid = owner !== undefined;
    const effect = await challenges.begin({
      flow,
      call,
      transientPayload,
      addresses,
      template: isVoid ? "registration_code_invalid" : "registration_code_valid",
      identity: undefined,
      isVoid,
    });
    return {
      kind: "next_step",
      state: "sent_email",
      active: CODE,
      sealed: { traits: digestOf(validated.traits), ...(confirmed && { confirmed: asJson(confirmed) }) },
      effect,
      submittedValues,
      messages: [{ node: "", text: uiText(messages.registrationCodeSent) }],
    };
  };

  /** Signs up by a code, or sends another one for a sign-up that waits for it. */
  const sendTo = async (filled: Filled, view: RegistrationView, call: Call): Promise<NextStep | Rejected> => {
    const { validated, submittedValues } = filled;
    const sealed = view.flow.state === "sent_email" ? view.sealedContext(CODE) : undefined;
    const confirmed = confirmedIn(sealed);
    if (confirmed && sealed?.traits === digestOf(validated.traits))
      return challenge(filled, addressesIn(validated), view, call, confirmed);
    if (!isWayIn) return rejected([{ node: "", text: uiText(general.noRegistrationMethod) }], submittedValues);
    const addresses = (validated.identifiers[CODE] ?? []).map((value) => ({ via: viaIn(validated, value), value }));
    if (addresses.length === 0) return rejected([{ node: "", text: uiText(general.noIdentifier) }], submittedValues);
    return challenge(filled, addresses, view, call);
  };

  const check = async (
    { code }: RegistrationInput<"code">,
    { validated, submittedValues }: Filled,
    {
      flow,
      call,
      sealed,
    }: { readonly flow: RegistrationView["flow"]; readonly call: Call; readonly sealed: JsonObject },
  ): Promise<RegistrationResult | Rejected> => {
    if (sealed.traits !== digestOf(validated.traits))
      return rejected([{ node: "", text: uiText(messages.traitsChanged) }], submittedValues, CODE);
    const verified = await challenges.verify({ flow, call, sealed, code });
    if (verified.kind === "used_up")
      return rejected([{ node: "", text: uiText(general.invalid, { reason: tooOften }) }], submittedValues, CODE);
    if (verified.kind === "wrong")
      return rejected([{ node: "", text: uiText(general.registrationCodeInvalid) }], submittedValues, CODE);
    const { method, credentials, amr, extra } = confirmedIn(sealed) ?? {
      method: CODE,
      credentials: [],
      amr: { method: CODE, aal: "aal1" as const, via: verified.address.via },
      extra: {},
    };
    return {
      kind: "registered",
      traits: validated,
      method,
      credentials,
      amr,
      // Whoever has read the message has the address.
      extra: { ...extra, verified: [...(extra.verified ?? []), verified.address] },
      completesFlow: true,
      submittedValues,
    };
  };

  return {
    name: CODE,
    enabled: isWayIn || (config.enabled && hidesAccounts),

    nodes: ({ flow, schema, submittedValues, style, step }) => {
      const traits = (hidden: boolean) =>
        traitNodes(schema, { group: "default", values: {}, hidden, ...(submittedValues && { submittedValues }) });
      if (flow.state === "sent_email")
        return [...traits(true), ...afterSending, ...(style === "profile_first" ? [back] : [])];
      if (!isWayIn) return [];
      if (style === "unified") return [...traits(false), send];
      return step === "credentials" ? [send] : [];
    },

    confirm: async (
      { traits: validated, submittedValues, credentials, amr, extra = {}, consume },
      method,
      view,
      call,
    ) => {
      const addresses = addressesIn(validated);
      const isVouched = addresses.every(({ value }) => extra.verified?.some((address) => address.value === value));
      // What a provider's answer is used up with is not to be had a second time.
      if (!hidesAccounts || isVouched || consume !== undefined) return undefined;
      return challenge({ validated, submittedValues }, addresses, view, call, { method, credentials, amr, extra });
    },

    submitted: (input, schema) => readTraits(schema, input.traits ?? {}).submittedValues,

    register: async (input, view, call) => {
      const { flow, schema, submittedValues: before } = view;
      if (flow.state === "passed_challenge")
        return rejected([{ node: "", text: uiText(general.noRegistrationMethod) }]);
      const { traits, submittedValues } = readTraits(schema, input.traits ?? {});
      if (input.screen !== "") return chooseAgain(input.screen, submittedValues, before);
      const sealed = sentBefore(input, view);
      if (sealed && input.code.trim() === "") return rejected([missing("code")], before ?? submittedValues, CODE);
      if (input.traits === undefined) return rejected([missing("traits")], before ?? {});
      const validated = validateTraits(schema, traits);
      if (validated.kind === "invalid") return rejected(validated.messages, submittedValues);
      const filled = { validated, submittedValues };
      return sealed ? check(input, filled, { flow, call, sealed }) : sendTo(filled, view, call);
    },
  };
};

/** Traits that hold, and what was typed. */
interface Filled {
  readonly validated: ValidTraits;
  readonly submittedValues: SubmittedValues;
}

/** A sign-up by another method that waits for a code. */
type Confirmed = Required<Pick<RegistrationResult, "method" | "credentials" | "amr" | "extra">>;

const confirmedIn = (sealed: JsonObject | undefined): Confirmed | undefined =>
  sealed?.confirmed as unknown as Confirmed | undefined;

const asJson = (confirmed: Confirmed): JsonObject => JSON.parse(JSON.stringify(confirmed)) as JsonObject;

/** Every address that traits have: what is verified, and whatever people sign in with that a message can go to. */
const addressesIn = (validated: ValidTraits): readonly CodeAddress[] => {
  const { [CODE]: byCode = [], password = [] } = validated.identifiers;
  const values = [
    ...validated.verifiable.map(({ value }) => value),
    ...byCode,
    ...password.filter((value) => viaOfValue(value) === "email"),
  ];
  return [...new Set(values)].map((value) => ({ via: viaIn(validated, value), value }));
};

const tooOften = "The code was tried too often. Please ask for another one.";

const missing = (property: string) => ({ node: property, text: uiText(general.required, { property }) });

/** What was sent in the flow, where this is an answer to it and asks for no other code. */
const sentBefore = ({ resend }: RegistrationInput<"code">, { flow, sealedContext }: RegistrationView) =>
  flow.state === "sent_email" && resend.toLowerCase() !== CODE ? sealedContext(CODE) : undefined;

/** Back to the choice of a credential, or to the traits. */
const chooseAgain = (screen: string, submitted: SubmittedValues, before: SubmittedValues | null): NextStep => ({
  kind: "next_step",
  state: "choose_method",
  step: screen === "previous" ? "traits" : "credentials",
  submittedValues: Object.keys(submitted).length > 0 ? submitted : (before ?? {}),
  messages: screen === "previous" ? [] : [{ node: "", text: uiText(general.chooseCredential) }],
});

/** How an address is reached: as the schema says of it where it is verified, else by how it looks. */
const viaIn = ({ verifiable }: ValidTraits, value: string) =>
  verifiable.some((address) => address.value === value && address.via === "sms") ? "sms" : viaOfValue(value);

/** Traits in the order of their names have one text, whatever order they came in. */
const digestOf = (traits: JsonObject): string => sha256(JSON.stringify(sorted(traits))).toString("base64url");

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};
