import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import { accountNameOf } from "../../schema/labels.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { freezeNode, imageNode, inputNode, submitNode, textNode } from "../../ui/node.ts";
import { missingField, type Rejected, rejected } from "../contract/result.ts";
import type { Performed, SettingsChange, SettingsInput, SettingsMethod, SettingsView } from "../contract/settings.ts";
import { newTotpSecret, readCode, timeStepOf, totpUrl } from "./codes.ts";
import { hasTotp, removeTotp, setTotp, TOTP, type TotpSecrets } from "./credential.ts";
import { messages } from "./messages.ts";
import { drawQr, qrSize } from "./qr.ts";

/*
 * Authenticator apps (RFC 6238): setting one up, removing it, and its codes as
 * second factor. This folder owns what is stored of an app and which codes are
 * good.
 */

/** What the totp method of the settings flow needs. */
export interface TotpSettingsDeps {
  readonly enabled: boolean;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly secrets: TotpSecrets;
  /** What apps show beside the code: the name of the site. */
  readonly issuer: string;
}

/**
 * Creates the totp method of the settings flow. Each flow has a secret of its own
 * from the start, sealed, until a code shows that an app has it. Whether the
 * session is recent enough is said before anything else (docs/second-factors.md).
 */
export const createTotpSettings = ({
  enabled,
  clock,
  identities,
  secrets,
  issuer,
}: TotpSettingsDeps): SettingsMethod<"totp", SettingsInput<"totp">> => {
  const code = freezeNode(
    inputNode({ group: TOTP, name: "totp_code", type: "text", required: true, label: uiText(general.verifyCode) }),
  );
  const save = submitNode({ group: TOTP, name: "method", value: TOTP, label: uiText(general.save) });
  const unlink = freezeNode(
    inputNode({
      group: TOTP,
      name: "totp_unlink",
      type: "submit",
      value: "true",
      required: true,
      label: uiText(messages.unlink),
    }),
  );

  /** Whoever removes the app twice is done as well. */
  const remove = async ({ identity, sql }: SettingsChange): Promise<Performed> =>
    hasTotp(identity)
      ? {
          kind: "performed",
          change: { credentials: [removeTotp(await identities.findSecret(sql, identity.id, TOTP))] },
          event: { type: "totp.removed" },
        }
      : { kind: "performed", change: {} };

  /** Whoever sends the form twice is done; a code of another secret than the one set up would help nobody. */
  const repeat = async (typed: string, { identity, sql }: SettingsChange): Promise<Performed | Rejected> => {
    const stored = secrets.open(identity.id, await identities.findSecret(sql, identity.id, TOTP));
    return stored && timeStepOf(stored.secret, typed, clock.now()) !== undefined
      ? { kind: "performed", change: {} }
      : rejected([{ node: "", text: uiText(general.invalid, { reason: hasOne }) }]);
  };

  const enrol = (typed: string, { identity, sealedContext }: SettingsChange): Performed | Rejected => {
    const secret = secretOf(sealedContext);
    if (secret === undefined) return rejected([{ node: "", text: uiText(general.invalid, { reason: startAgain }) }]);
    const now = clock.now();
    const acceptedStep = timeStepOf(secret, typed, now);
    if (acceptedStep === undefined) return rejected([{ node: "totp_code", text: uiText(general.totpCodeWrong) }]);
    return {
      kind: "performed",
      change: { credentials: [setTotp(secrets.seal(identity.id, { secret, acceptedStep }), now)] },
      event: { type: "totp.added" },
      amr: { method: TOTP, aal: "aal2" },
    };
  };

  return {
    name: TOTP,
    enabled,
    changesFactors: true,
    isSecondFactor: true,
    prepare: () => ({ secret: newTotpSecret() }),

    nodes: (view) => {
      if (hasTotp(view.identity)) return [unlink];
      const secret = secretOf(view.sealedContext);
      if (secret === undefined) return [];
      const account = accountNameOf(view.schema, view.identity.traits) ?? view.identity.id;
      return [
        imageNode({
          group: TOTP,
          id: "totp_qr",
          src: drawQr(totpUrl(issuer, account, secret)),
          width: qrSize,
          height: qrSize,
          label: uiText(messages.qr),
        }),
        textNode({
          group: TOTP,
          id: "totp_secret_key",
          text: uiText(messages.secret, { secret }),
          label: uiText(messages.secretName),
        }),
        code,
        save,
      ];
    },

    examine: (input) => ({ kind: "examined", protected: true, examined: input }),

    perform: async ({ totpCode, totpUnlink }, view) => {
      if (totpUnlink) return remove(view);
      const typed = readCode(totpCode);
      if (hasTotp(view.identity)) return repeat(typed, view);
      if (typed === "") return rejected([missingField("totp_code")]);
      return enrol(typed, view);
    },
  };
};

const secretOf = (sealedContext: SettingsView["sealedContext"]): string | undefined => {
  const secret = sealedContext(TOTP)?.secret;
  return typeof secret === "string" ? secret : undefined;
};

const hasOne = "An authenticator app is set up already. Remove it first to set up another.";
const startAgain = "The secret of this form is not there any more. Please start again.";
