import type { JsonObject } from "@bufbuild/protobuf";
import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { RefusalReason } from "../../audit/refusals.ts";
import type { CodeConfig } from "../../config/config.ts";
import { charactersIn, columnSizes } from "../../db/column-sizes.ts";
import type { Database } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Call } from "../../lib/call.ts";
import { normaliseIdentifier } from "../../schema/normalise.ts";
import { viaOfValue } from "../../schema/reachable.ts";
import { answersAal } from "../../session/aal.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { inputNode, submitNode, withType, withValue } from "../../ui/node.ts";
import type { Authenticated } from "../contract/authentication.ts";
import { hasErrors, isCompleted, isMessageSent } from "../contract/flow.ts";
import { emptyIdentifierNode, identifierNode } from "../contract/identifier-node.ts";
import type { LoginInput, LoginMethod, LoginView } from "../contract/login.ts";
import { missingField, type NextStep, type Rejected, rejected } from "../contract/result.ts";
import { type CodeChallenges, codeUsedUp } from "./challenges.ts";
import { CODE, type CodeAddress } from "./credential.ts";
import { messages } from "./messages.ts";
import type { CodeRecipients } from "./recipients.ts";
import { sentNodes } from "./sent-nodes.ts";

/** What the code method of the login flow needs. */
export interface CodeLoginDeps {
  readonly config: CodeConfig;
  readonly db: Database;
  readonly identities: Pick<IdentityStore, "find">;
  readonly recipients: CodeRecipients;
  readonly challenges: CodeChallenges;
  /** Whether an unknown identifier is verified like a known one. */
  readonly hidesAccounts: boolean;
}

/**
 * Creates the code method of the login flow: it sends a code, then checks it. As
 * a first factor (`passwordless_enabled`) it asks for an identifier; as a second
 * one (`mfa_enabled`) it offers the addresses of the person. Who is to
 * authenticate again and has nothing else that shows it gets a code as well
 * (docs/passwordless.md).
 */
export const createCodeLogin = ({
  config,
  db,
  identities,
  recipients,
  challenges,
  hidesAccounts,
}: CodeLoginDeps): LoginMethod<"code"> => {
  const isFirst = config.enabled && config.passwordless_enabled;
  const isSecond = config.enabled && config.mfa_enabled;
  const send = submitNode({ group: CODE, name: "method", value: CODE, label: uiText(messages.sendLoginCode) });
  const afterSending = sentNodes(uiText(general.loginCode));

  /** Where codes go for whoever is signed in; undefined: the form asks for an identifier. */
  const addressesFor = ({ signedIn, refresh, requestedAal, via }: LoginView): readonly CodeAddress[] | undefined => {
    if (signedIn === undefined || !(refresh || requestedAal === 2)) return undefined;
    const { identity, session } = signedIn;
    if (requestedAal === 2) return isSecond ? recipients.secondFactor(identity, session, via) : [];
    return recipients.again(identity);
  };

  const chooseNodes = (view: LoginView) => {
    const addresses = addressesFor(view);
    if (addresses === undefined) return isFirst ? [identifierNode(view, ""), send] : [];
    const [only] = addresses;
    if (view.requestedAal === 1 && addresses.length === 1 && only) return [identifierNode(view, only.value), send];
    return addresses.map(addressNode);
  };

  const challengeWith = async (
    view: LoginView,
    call: Call,
    { identifier, addresses, identity }: Pick<Sent, "identifier" | "addresses" | "identity">,
  ): Promise<NextStep> => {
    const { flow, transientPayload } = view;
    const isVoid = identity === undefined;
    const effect = await challenges.begin({
      flow,
      call,
      transientPayload,
      addresses,
      template: isVoid ? "login_code_invalid" : "login_code_valid",
      identity,
      isVoid,
    });
    return {
      kind: "next_step",
      state: "sent_email",
      active: CODE,
      sealed: { identifier, identity_id: identity?.id ?? null },
      effect,
      submittedValues: { identifier },
      messages: [{ node: "", text: uiText(messages.loginCodeSent) }],
    };
  };

  /** Sends a code to one of the addresses of whoever is signed in. */
  const sendToSignedIn = async (
    view: LoginView,
    call: Call,
    addresses: readonly CodeAddress[],
    identifier: string,
  ): Promise<NextStep | Rejected> => {
    const identity = view.signedIn?.identity;
    const [only] = addresses;
    if (identity === undefined || only === undefined)
      return rejected([{ node: "", text: uiText(general.noLoginMethod) }]);
    const wanted = normaliseIdentifier(identifier);
    const isTheirs = wanted === "" || identifiersOf(identity).has(wanted);
    const address =
      addresses.find(({ value }) => value === wanted) ?? (addresses.length === 1 && isTheirs ? only : undefined);
    if (wanted === "" && address === undefined) return rejected([missingField("identifier")]);
    if (address === undefined) return rejected([{ node: "", text: uiText(general.unknownAddress) }]);
    return challengeWith(view, call, { identifier: address.value, addresses: [address], identity });
  };

  /** Sends a code to whoever has the identifier. */
  const sendToIdentifier = async (view: LoginView, call: Call, identifier: string): Promise<NextStep | Rejected> => {
    const submittedValues = { identifier };
    if (identifier.trim() === "") return rejected([missingField("identifier")], submittedValues);
    const value = normaliseIdentifier(identifier);
    const tooLong =
      longerThan(LONGEST, identifier) ?? longerThan(columnSizes["identity_identifiers.identifier"], value);
    if (tooLong) return rejected([{ node: "identifier", text: tooLong }], submittedValues);
    const address: CodeAddress = { via: viaOfValue(value), value };
    await challenges.beginEarly(call, [address]);
    const found = await recipients.find(db, identifier);
    if (found) return challengeWith(view, call, { identifier, ...found });
    if (!hidesAccounts) return rejected([{ node: "", text: uiText(messages.noCodeAccount) }], submittedValues);
    return challengeWith(view, call, { identifier, addresses: [address], identity: undefined });
  };

  const check = async (
    input: LoginInput<"code">,
    view: LoginView,
    call: Call,
    sent: Sent,
  ): Promise<Authenticated | Rejected> => {
    const submittedValues = { identifier: sent.identifier };
    const wrong = refusal(
      sent,
      rejected([{ node: "", text: uiText(general.loginCodeInvalid) }], submittedValues, CODE),
    );
    if (input.code.trim() === "") return rejected([missingField("code")], submittedValues, CODE);
    const claimed = input.address || input.identifier;
    const { sealed, identity } = sent;
    const verified = await challenges.verify({ flow: view.flow, call, sealed, code: input.code });
    if (verified.kind === "used_up") return refusal(sent, codeUsedUp(submittedValues), "too_many_attempts");
    const isTheirs = view.signedIn === undefined || identity === undefined || view.signedIn.identity.id === identity.id;
    const isSame = claimed === "" || normaliseIdentifier(claimed) === normaliseIdentifier(sent.identifier);
    if (verified.kind !== "right" || identity === undefined || !isSame || !isTheirs) return wrong;
    const { address } = verified;
    if (!recipients.stillHas(identity, address)) return wrong;
    // Only whoever reads the person's messages learns that the account was disabled.
    if (identity.state !== "active")
      return refusal(
        sent,
        rejected([{ node: "", text: uiText(general.identityDisabled) }], submittedValues, CODE),
        "identity_disabled",
      );
    return {
      kind: "authenticated",
      identity,
      amr: { method: CODE, aal: view.requestedAal === 2 ? "aal2" : "aal1", via: address.via },
      verified: { type: CODE, version: undefined },
      // Whoever has read the message has the address.
      change: () => ({ verified: [address] }),
      recheck: (person) => recipients.stillHas(person, address),
      completesFlow: true,
    };
  };

  const readSent = async (sealed: JsonObject | undefined): Promise<Sent | undefined> => {
    if (sealed === undefined) return undefined;
    const { identity_id: id, identifier } = sealed;
    const identity = typeof id === "string" ? await identities.find(db, id) : undefined;
    return { sealed, identifier: String(identifier), identity, addresses: [] };
  };

  return {
    name: CODE,
    enabled: true,

    answers: (requestedAal) =>
      requestedAal === 1 ? config.enabled && answersAal(1, "first") : isSecond && answersAal(2, "second"),

    nodes: (view) => {
      if (isMessageSent(view.flow)) return [sentIdentifierNode(view), ...afterSending];
      if (view.accountLink?.availableMethods?.includes(CODE) === false) return [];
      return config.enabled ? chooseNodes(view) : [];
    },

    offer: (owner) => (isFirst && (owner === undefined || recipients.hasAny(owner)) ? true : undefined),

    submitted: ({ address, identifier }) => ({ identifier: address || identifier }),

    authenticate: async (input, view, call) => {
      const nobody = rejected([{ node: "", text: uiText(general.noLoginMethod) }]);
      if (isCompleted(view.flow)) return nobody;
      const asksAgain = input.resend.toLowerCase() === CODE;
      const sent = isMessageSent(view.flow) ? await readSent(view.sealedContext(CODE)) : undefined;
      if (sent !== undefined && !asksAgain) return check(input, view, call, sent);
      const identifier = input.address || input.identifier || (asksAgain ? (sent?.identifier ?? "") : "");
      const addresses = addressesFor(view);
      if (addresses) return sendToSignedIn(view, call, addresses, identifier);
      return isFirst ? sendToIdentifier(view, call, identifier) : nobody;
    },
  };
};

/** What was sent in a flow. */
interface Sent {
  readonly sealed: JsonObject;
  readonly identifier: string;
  readonly addresses: readonly CodeAddress[];
  /** As they are now; undefined where nobody has the identifier. */
  readonly identity: IdentityRecord | undefined;
}

/** Records a refusal where somebody has the identifier. */
const refusal = ({ identity }: Sent, wrong: Rejected, reason: RefusalReason = "wrong_credential"): Rejected => ({
  ...wrong,
  ...(identity && { refused: { identityId: identity.id, reason } }),
});

/** Everything that a person signs in with. */
const identifiersOf = ({ credentials }: IdentityRecord): ReadonlySet<string> =>
  new Set(Object.values(credentials).flatMap(({ identifiers }) => identifiers));

/** A button that sends a code to an address. */
const addressNode = ({ via, value }: CodeAddress) =>
  inputNode({ group: CODE, name: "address", type: "submit", value, label: sendCodeTo({ via, value }) });

const sendCodeTo = ({ via, value }: CodeAddress) => uiText(messages.sendCodeTo, { address: value, channel: via });

/**
 * The identifier goes along hidden with the code: that of a second factor is the
 * button that was pressed (docs/compatibility.md, rule 29).
 */
const sentIdentifierNode = (view: LoginView) => {
  const { flow, submittedValues, requestedAal, offers, schema } = view;
  const value = String(submittedValues?.identifier ?? "");
  if (hasErrors(flow)) return inputNode({ group: "default", name: "identifier", type: "hidden", value });
  if (requestedAal === 2)
    return inputNode({
      group: CODE,
      name: "identifier",
      type: "hidden",
      value,
      label: sendCodeTo({ via: viaOfValue(value), value }),
    });
  return offers
    ? withType(withValue(emptyIdentifierNode(schema, "identifier_first"), value), "hidden")
    : withType(identifierNode(view, value), "hidden");
};

/** Characters of an identifier as it is typed: it may get shorter by being folded. */
const LONGEST = 4 * columnSizes["identity_identifiers.identifier"];

const longerThan = (max: number, text: string): UiText | undefined => {
  const length = charactersIn(text);
  return length > max ? uiText(general.tooLong, { max_length: max, actual_length: length }) : undefined;
};
