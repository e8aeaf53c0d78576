import type { JsonObject } from "@bufbuild/protobuf";
import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { CodeConfig } from "../../config/config.ts";
import type { Database } from "../../db/sql.ts";
import type { ValidTraits } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Call } from "../../lib/call.ts";
import { sha256 } from "../../lib/digest.ts";
import { mergeJson } from "../../lib/merge-json.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import { readTraits } from "../../schema/form.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { reachableIn, unprovenIn, usesWhere } from "../../schema/reachable.ts";
import { type TraitsVerdict, validateTraits } from "../../schema/validate.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { submitNode } from "../../ui/node.ts";
import type { RegistrationResult } from "../contract/authentication.ts";
import { isCompleted, isMessageSent } from "../contract/flow.ts";
import type { RegistrationInput, RegistrationMethod, RegistrationView } from "../contract/registration.ts";
import { missingField, type NextStep, type Rejected, rejected, type SubmittedValues } from "../contract/result.ts";
import { type CodeChallenges, codeUsedUp } from "./challenges.ts";
import { CODE, type CodeAddress } from "./credential.ts";
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
  const isFirstFactor = config.enabled && config.passwordless_enabled;
  const send = submitNode({ group: CODE, name: "method", value: CODE, label: uiText(messages.sendRegistrationCode) });
  const back = submitNode({
    group: "profile",
    name: "screen",
    value: "credential-selection",
    label: uiText(general.signUpBack),
  });
  const afterSending = sentNodes(uiText(general.registrationCode));

  /** Whether somebody has one of the identifiers or addresses whose value fits. */
  const hasOwner = async (validated: ValidTraits, fits: (value: string) => boolean): Promise<boolean> =>
    hidesAccounts && (await identities.findIdentifierOwner(db, usesWhere(validated, fits))) !== undefined;

  /** Sends a code to each of these addresses. */
  const challenge = async (
    { validated, submittedValues }: Filled,
    addresses: readonly CodeAddress[],
    { flow, transientPayload }: RegistrationView,
    call: Call,
    waiting?: Waiting,
  ): Promise<NextStep | Rejected> => {
    const tooMuch = beyondRoom(addresses, waiting);
    if (tooMuch) return rejected([{ node: "traits", text: tooMuch }], submittedValues);
    await limit.mustHaveRoom(call.remoteAddress);
    await challenges.beginEarly(call, addresses);
    const unproven = new Set(unprovenIn(validated, waiting?.extra.verified).map(({ value }) => value));
    // What is no address, such as a user name, is nothing that only its owner could get to know.
    if (await hasOwner(validated, (value) => !unproven.has(value)))
      return rejected([{ node: "", text: uiText(general.identifierTaken) }], submittedValues);
    const isVoid = await hasOwner(validated, (value) => unproven.has(value));
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
      sealed: { traits: digestOf(validated.traits), ...(waiting && { waiting: asJson(waiting) }) },
      effect,
      submittedValues,
      messages: [{ node: "", text: uiText(messages.registrationCodeSent) }],
    };
  };

  /** Signs up by a code, or sends another one for a pending sign-up. */
  const sendTo = async (
    filled: Filled,
    view: RegistrationView,
    call: Call,
    waiting: Waiting | undefined,
  ): Promise<NextStep | Rejected> => {
    const { validated, submittedValues } = filled;
    if (waiting && digestOf(waiting.traits) === digestOf(validated.traits))
      return challenge(filled, unprovenIn(validated, waiting.extra.verified), view, call, waiting);
    if (!isFirstFactor) return rejected([{ node: "", text: uiText(general.noRegistrationMethod) }], submittedValues);
    const { [CODE]: identifiers = [] } = validated.identifiers;
    const addresses = reachableIn(validated).filter(({ value }) => identifiers.includes(value));
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
    if (verified.kind === "used_up") return codeUsedUp(submittedValues);
    if (verified.kind === "wrong")
      return rejected([{ node: "", text: uiText(general.registrationCodeInvalid) }], submittedValues, CODE);
    const { method, credentials, amr, extra } = waitingOf(sealed) ?? {
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
    enabled: isFirstFactor || (config.enabled && hidesAccounts),

    nodes: ({ flow, schema, submittedValues, style, step }) => {
      const traits = (hidden: boolean) =>
        traitNodes(schema, { group: "default", values: {}, hidden, ...(submittedValues && { submittedValues }) });
      if (isMessageSent(flow)) return [...traits(true), ...afterSending, ...(style === "profile_first" ? [back] : [])];
      if (!isFirstFactor) return [];
      if (style === "unified") return [...traits(false), send];
      return step === "credentials" ? [send] : [];
    },

    confirmation: {
      // Where an address was proven in the flow, that is done.
      isDue: ({ traits, extra, method }) =>
        hidesAccounts && method === undefined && unprovenIn(traits, extra?.verified).length > 0,

      begin: ({ traits, submittedValues, credentials, amr, extra = {} }, method, view, call) => {
        const waiting = { method, credentials, amr, extra, traits: traits.traits };
        // What is proven gets no code, which would tell of the others.
        const addresses = unprovenIn(traits, extra.verified);
        return challenge({ validated: traits, submittedValues }, addresses, view, call, waiting);
      },
    },

    submitted: (input, schema) => readTraits(schema, input.traits ?? {}).submittedValues,

    register: async (input, view, call) => {
      const { flow, schema, submittedValues: before } = view;
      if (isCompleted(flow)) return rejected([{ node: "", text: uiText(general.noRegistrationMethod) }]);
      const { traits, submittedValues } = readTraits(schema, input.traits ?? {});
      if (input.screen !== "") return chooseAgain(input.screen, submittedValues, before);
      const sealed = sentBefore(input, view);
      if (sealed && input.code.trim() === "") return rejected([missingField("code")], before ?? submittedValues, CODE);
      const waiting = waitingIn(view);
      const shown = input.traits === undefined ? (before ?? {}) : submittedValues;
      if (input.traits === undefined && !waiting) return rejected([missingField("traits")], shown);
      const validated = validateWithWaiting(schema, traits, waiting);
      if (validated.kind === "invalid") return rejected(validated.messages, shown);
      const filled = { validated, submittedValues: shown };
      return sealed ? check(input, filled, { flow, call, sealed }) : sendTo(filled, view, call, waiting);
    },
  };
};

/** Traits that hold, and what was typed. */
interface Filled {
  readonly validated: ValidTraits;
  readonly submittedValues: SubmittedValues;
}

/** A pending sign-up by another method: a code completes it. */
type Waiting = Required<Pick<RegistrationResult, "method" | "credentials" | "amr" | "extra">> & {
  readonly traits: JsonObject;
};

/** What a flow holds of a pending sign-up: bytes of the traits, as JSON, and addresses. */
const room = { traits: 4_096, addresses: 16 } as const;

/** Why a flow cannot hold it; undefined: it can. */
const beyondRoom = (addresses: readonly CodeAddress[], waiting: Waiting | undefined): UiText | undefined => {
  if (addresses.length > room.addresses)
    return uiText(general.invalid, { reason: `more than ${room.addresses} addresses to confirm` });
  const length = waiting ? Buffer.byteLength(JSON.stringify(waiting.traits)) : 0;
  return length > room.traits ? uiText(general.tooLong, { max_length: room.traits, actual_length: length }) : undefined;
};

const waitingOf = (sealed: JsonObject | undefined): Waiting | undefined =>
  sealed?.waiting as unknown as Waiting | undefined;

/** Not where the person went back and chooses anew. */
const waitingIn = ({ flow, sealedContext }: RegistrationView): Waiting | undefined =>
  isMessageSent(flow) ? waitingOf(sealedContext(CODE)) : undefined;

const asJson = (waiting: Waiting): JsonObject => JSON.parse(JSON.stringify(waiting)) as JsonObject;

/**
 * Judges what was submitted, together with the traits that wait: a client need not repeat what it has left out or what
 * a provider has said. Whatever differs from what waits stands alone.
 */
const validateWithWaiting = (
  schema: IdentitySchema,
  traits: JsonObject,
  waiting: Waiting | undefined,
): TraitsVerdict => {
  const whole = waiting && validateTraits(schema, mergeJson(waiting.traits, traits));
  const isSame = whole?.kind === "valid" && digestOf(whole.traits) === digestOf(waiting?.traits ?? {});
  return isSame ? whole : validateTraits(schema, traits);
};

/** What was sent in the flow, where this is an answer to it and asks for no other code. */
const sentBefore = ({ resend }: RegistrationInput<"code">, { flow, sealedContext }: RegistrationView) =>
  isMessageSent(flow) && resend.toLowerCase() !== CODE ? sealedContext(CODE) : undefined;

/** Back to the choice of a credential, or to the traits. */
const chooseAgain = (screen: string, submitted: SubmittedValues, before: SubmittedValues | null): NextStep => ({
  kind: "next_step",
  state: "choose_method",
  step: screen === "previous" ? "traits" : "credentials",
  submittedValues: Object.keys(submitted).length > 0 ? submitted : (before ?? {}),
  messages: screen === "previous" ? [] : [{ node: "", text: uiText(general.chooseCredential) }],
});

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
