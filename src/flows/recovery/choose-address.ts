import type { JsonValue } from "@bufbuild/protobuf";
import type { UpdateFlowResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { readAddress } from "../../challenge/address.ts";
import { isReachable } from "../../identity/channel.ts";
import type { ConcurrentChange } from "../../identity/concurrent-change.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { maskAddress } from "../../identity/mask-address.ts";
import type { RecoveryMethod } from "../../methods/contract/recovery.ts";
import type { SubmittedValues } from "../../methods/contract/result.ts";
import { missingField } from "../../methods/contract/result.ts";
import type { Address } from "../../schema/addresses.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { saveFormAsRead } from "../challenge/save-form-as-read.ts";
import type { Loaded } from "../challenge/submit-steps.ts";
import { type Done, type Ended, endWith } from "../pipeline.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { addressChoice } from "./address-choice.ts";
import type { RecoveryDeps } from "./deps.ts";
import type { RecoveryLoad, Submitted } from "./load.ts";

/** An address that a code goes to, and what the form shows then. */
export interface SubmittedAddress {
  readonly address: Address;
  readonly values: SubmittedValues;
  readonly state: string;
  readonly text: UiText;
}

/** What the flow is in while people choose; clients see these states with `recovery_` before them. */
const choiceStates: ReadonlySet<string> = new Set([
  "awaiting_address",
  "awaiting_address_choice",
  "confirming_address",
  "awaiting_code",
]);

/** Whether people choose among their addresses in a flow. */
export const isAboutChoice = ({ state }: Pick<FlowRecord, "state">): boolean => choiceStates.has(state);

type Submission = Submitted & Loaded & { readonly method: RecoveryMethod };
type Asked = Ended<Done<UpdateFlowResponse> | ConcurrentChange>;

/**
 * Creates the steps in which a person with several addresses chooses one of
 * them: they name one, choose among all, masked, and write the chosen one in
 * full. That is skipped where there is nothing to choose.
 */
export const createChooseAddress = (deps: RecoveryDeps, { reject, rejectAddress, rendered }: RecoveryLoad) => {
  const {
    storage: { clock, db, identities },
    challenge: { challenges, messageFloor, takesPhoneNumbers },
    recovery: { digestKey },
  } = deps;

  const choiceOf = (flow: FlowRecord, address: string): string => addressChoice(digestKey, flow.id, address);

  /** Shows the form of another step. */
  const ask = async (
    { flow, call, method }: Submission,
    state: string,
    values: Readonly<Record<string, JsonValue>>,
    text?: UiText,
  ): Promise<Asked> => {
    const form = formOf(text ? [{ node: "", text }] : [], values);
    const saved = withForm(flow, form, clock.now(), state, method.name);
    await saveFormAsRead(deps, flow, saved);
    return endWith<Done<UpdateFlowResponse>>({ kind: "done", render: async () => rendered(saved, call) });
  };

  const must = async (submission: Submission, node: string, submitted: string): Promise<Address> => {
    const address = readAddress(submitted, takesPhoneNumbers);
    if (address !== undefined) return address;
    throw await rejectAddress(submission, node, submitted, submission.method.name);
  };

  /**
   * Who has an address. What is shown then tells whether anybody has it: that is limited as asking for messages is, and
   * takes as long. @throws RATE_LIMITED
   */
  const ownerOf = ({ call }: Submission, address: Address): Promise<IdentityRecord | undefined> =>
    messageFloor.hold(call.signal, async (timed) => {
      timed.began(0);
      await challenges.request(call);
      const owner = await identities.findIdentifierOwner(db, { identifiers: {}, verifiable: [], recovery: [address] });
      return { failed: true, value: owner?.identity.state === "active" ? owner.identity : undefined };
    });

  /** Where a code can be sent to. */
  const choicesOf = (owner: IdentityRecord | undefined): readonly string[] =>
    (owner?.recovery ?? [])
      .filter(({ via }) => isReachable(via, takesPhoneNumbers))
      .map(({ value }) => value)
      .sort();

  const send = (address: Address, confirmed: string, named: string): { readonly submitted: SubmittedAddress } => ({
    submitted: {
      address,
      values: { recovery_confirm_address: confirmed, recovery_address: named },
      state: "awaiting_code",
      text: uiText(messages.recoveryCodeSentTo, { masked_address: maskAddress(address.value) }),
    },
  });

  const askToChoose = (submission: Submission, named: string, choices: readonly string[]): Promise<Asked> => {
    const shown = choices.map((value) => [choiceOf(submission.flow, value), maskAddress(value)]);
    const values = { recovery_address: named, choices: shown };
    return ask(submission, "awaiting_address_choice", values, uiText(messages.chooseRecoveryAddress));
  };

  const chooseAmong = async (
    submission: Submission,
    named: string,
  ): Promise<Asked | { readonly submitted: SubmittedAddress }> => {
    const address = await must(submission, "recovery_address", named);
    const choices = choicesOf(await ownerOf(submission, address));
    return choices.length > 1 ? askToChoose(submission, named, choices) : send(address, named, named);
  };

  const confirm = async (submission: Submission): Promise<Asked | { readonly submitted: SubmittedAddress }> => {
    const { body, flow, call, method } = submission;
    const named = await must(submission, "recovery_address", body.recoveryAddress);
    if (choiceOf(flow, named.value) === body.recoverySelectAddress)
      return send(named, body.recoveryAddress, body.recoveryAddress);
    const owner = await ownerOf(submission, named);
    const chosen = owner?.recovery.find(({ value }) => choiceOf(flow, value) === body.recoverySelectAddress);
    if (chosen === undefined) {
      throw await reject({
        flow,
        call,
        messages: [missingField("recovery_select_address")],
        active: method.name,
      });
    }
    return ask(
      submission,
      "confirming_address",
      { recovery_address: body.recoveryAddress, via: chosen.via },
      uiText(messages.askForFullAddress),
    );
  };

  const goBack = async (submission: Submission): Promise<Asked> => {
    const { body } = submission;
    const named = readAddress(body.recoveryAddress, takesPhoneNumbers);
    const choices = named ? choicesOf(await ownerOf(submission, named)) : [];
    return choices.length > 1
      ? askToChoose(submission, body.recoveryAddress, choices)
      : ask(submission, "awaiting_address", {});
  };

  return (submission: Submission): Promise<Asked | { readonly submitted: SubmittedAddress }> => {
    const { body, flow } = submission;
    if (body.screen === "previous") return goBack(submission);
    switch (flow.state) {
      case "awaiting_address_choice":
        return confirm(submission);
      case "confirming_address":
      case "awaiting_code":
        return must(submission, "recovery_confirm_address", body.recoveryConfirmAddress).then((address) =>
          send(address, body.recoveryConfirmAddress, body.recoveryAddress),
        );
      default:
        return chooseAmong(submission, body.recoveryAddress);
    }
  };
};
