import type { PasskeyConfig } from "../../config/keys-config.ts";
import { passkeyName } from "../../schema/passkey-name.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { rejected } from "../contract/result.ts";
import type { SettingsInput, SettingsMethod, SettingsView } from "../contract/settings.ts";
import { nameOfModel } from "./aaguid.ts";
import { allKeysOf, type Enrolments, settingsForm } from "./enrolment.ts";
import { type FormSecrets, newRound } from "./form-secrets.ts";
import { keyFactsOf, PASSKEY } from "./key.ts";
import { noIdentifier } from "./messages.ts";
import { keyScript, passkeyRemovalNodes, passkeySettingsNodes, type ScriptFile } from "./nodes.ts";
import { passkeyCreation } from "./options.ts";

/** What the passkey method of the settings flow needs. */
export interface PasskeySettingsDeps {
  readonly config: PasskeyConfig;
  readonly enrolments: Enrolments;
  readonly formSecrets: FormSecrets;
  readonly script: ScriptFile;
}

/** Creates the passkey method of the settings flow. A passkey is called what its AAGUID says of its make. */
export const createPasskeySettings = ({
  config,
  enrolments,
  formSecrets,
  script,
}: PasskeySettingsDeps): SettingsMethod<"passkey", SettingsInput<"passkey">> => {
  const userHandleOf = ({ identity }: SettingsView) =>
    keyFactsOf(identity, PASSKEY).userHandle ?? formSecrets.userHandle(identity.id);

  return {
    name: PASSKEY,
    enabled: config.enabled,
    changesFactors: true,
    prepare: newRound,

    nodes: (view) => {
      const { flow, identity, schema } = view;
      const { keys } = keyFactsOf(identity, PASSKEY);
      const removals = passkeyRemovalNodes(keys, enrolments.mustStay(identity, PASSKEY));
      const name = passkeyName(schema, identity.traits);
      if (name === undefined) return removals;
      const options = passkeyCreation(config, {
        user: { name, userHandle: userHandleOf(view) },
        challenge: formSecrets.challenge(settingsForm(PASSKEY, view)),
        exclude: allKeysOf(identity),
      });
      return [
        ...removals,
        ...passkeySettingsNodes(flow.type, options),
        ...(flow.type === "browser" ? [keyScript(script)] : []),
      ];
    },

    examine: (input) =>
      input.passkeySettingsRegister === "" && input.passkeyRemove === ""
        ? rejected([{ node: "", text: uiText(general.noSettingsMethod) }])
        : { kind: "examined", protected: true, examined: input },

    perform: async ({ passkeyRemove, passkeySettingsRegister }, view) => {
      if (passkeyRemove !== "") return enrolments.remove(PASSKEY, passkeyRemove, "passkey_remove", view);
      if (passkeyName(view.schema, view.identity.traits) === undefined) return rejected([noIdentifier()]);
      return enrolments.add(
        {
          method: PASSKEY,
          answer: passkeySettingsRegister,
          rp: config.rp,
          requireUserVerification: config.user_verification !== "discouraged",
          node: "passkey_settings_register",
          passwordless: true,
          userHandle: userHandleOf(view),
          nameOf: nameOfModel,
        },
        view,
      );
    },
  };
};
