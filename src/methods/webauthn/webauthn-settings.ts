import type { WebauthnConfig } from "../../config/keys-config.ts";
import { parseUuid } from "../../lib/ids.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { missingField, rejected } from "../contract/result.ts";
import type { SettingsInput, SettingsMethod } from "../contract/settings.ts";
import { allKeysOf, type Enrolments, settingsForm } from "./enrolment.ts";
import { type FormSecrets, newRound } from "./form-secrets.ts";
import { keyFactsOf, WEBAUTHN } from "./key.ts";
import { noIdentifier } from "./messages.ts";
import { keyScript, keySettingsNodes, type ScriptFile } from "./nodes.ts";
import { securityKeyCreation } from "./options.ts";

/** What the webauthn method of the settings flow needs. */
export interface WebauthnSettingsDeps {
  readonly config: WebauthnConfig;
  readonly enrolments: Enrolments;
  readonly formSecrets: FormSecrets;
  readonly script: ScriptFile;
}

const NAME = "webauthn_register_displayname";

/**
 * Creates the webauthn method of the settings flow: several security keys with names. In flows of browsers only, as Ory
 * Kratos has it; native apps make passkeys.
 */
export const createWebauthnSettings = ({
  config,
  enrolments,
  formSecrets,
  script,
}: WebauthnSettingsDeps): SettingsMethod<"webauthn", SettingsInput<"webauthn">> => ({
  name: WEBAUTHN,
  enabled: config.enabled,
  changesFactors: true,
  isSecondFactor: !config.passwordless,
  prepare: newRound,

  nodes: (view) => {
    const { flow, identity } = view;
    if (flow.type === "api") return [];
    const { keys } = keyFactsOf(identity, WEBAUTHN);
    const options = securityKeyCreation({
      rp: config.rp,
      user: { name: config.rp.display_name, userHandle: userHandleOf(identity) },
      challenge: formSecrets.challenge(settingsForm(WEBAUTHN, view)),
      exclude: allKeysOf(identity),
    });
    return [
      ...keySettingsNodes({ keys, mustStay: enrolments.mustStay(identity, WEBAUTHN), options, name: "" }),
      keyScript(script),
    ];
  },

  examine: (input, { flow }) =>
    flow.type === "api" || (input.webauthnRegister === "" && input.webauthnRemove === "")
      ? rejected([{ node: "", text: uiText(general.noSettingsMethod) }])
      : { kind: "examined", protected: true, examined: input },

  perform: async ({ webauthnRegister, webauthnRegisterDisplayname, webauthnRemove }, view) => {
    if (webauthnRemove !== "") return enrolments.remove(WEBAUTHN, webauthnRemove, "webauthn_remove", view);
    const name = webauthnRegisterDisplayname.trim();
    if (name === "") return rejected([missingField(NAME)]);
    const performed = await enrolments.add(
      {
        method: WEBAUTHN,
        answer: webauthnRegister,
        rp: config.rp,
        requireUserVerification: false,
        node: "webauthn_register",
        passwordless: config.passwordless,
        userHandle: userHandleOf(view.identity),
        nameOf: () => name,
      },
      view,
    );
    const isNamed = (view.identity.credentials[WEBAUTHN]?.identifiers.length ?? 0) > 0;
    return performed.kind === "performed" && !isNamed ? rejected([noIdentifier()]) : performed;
  },
});

/** The one of the keys that are there; else the person's id, which says nothing about them. */
const userHandleOf = (identity: Parameters<typeof keyFactsOf>[0]): string =>
  keyFactsOf(identity, WEBAUTHN).userHandle ?? parseUuid(identity.id)?.toString("base64url") ?? "";
