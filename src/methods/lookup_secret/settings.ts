import type { JsonObject } from "@bufbuild/protobuf";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { type Rejected, rejected } from "../contract/result.ts";
import type { ContextChanged, Performed, SettingsChange, SettingsInput, SettingsMethod } from "../contract/settings.ts";
import {
  type BackupCode,
  type CodeSecrets,
  codeCount,
  codeFacts,
  hasCodes,
  LOOKUP_SECRET,
  newCodes,
  removeCodes,
  setCodes,
} from "./credential.ts";
import { type ShownCodes, settingsNodes } from "./nodes.ts";

/*
 * Backup codes: making them, showing them again, and giving one as second
 * factor. This folder owns what is stored of them and which are still good.
 */

/** What the lookup_secret method of the settings flow needs. */
export interface LookupSecretSettingsDeps {
  readonly enabled: boolean;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly secrets: CodeSecrets;
}

type Action = "confirm" | "reveal" | "disable" | "regenerate";

/**
 * Creates the lookup_secret method of the settings flow. New codes are sealed in
 * the flow until they are confirmed; the old ones hold until then.
 */
export const createLookupSecretSettings = ({
  enabled,
  clock,
  identities,
  secrets,
}: LookupSecretSettingsDeps): SettingsMethod<"lookup_secret", Action> => {
  const find = ({ identity, sql }: SettingsChange) => identities.findSecret(sql, identity.id, LOOKUP_SECRET);

  const actions: Readonly<Record<Action, (view: SettingsChange) => Promise<Performed | Rejected | ContextChanged>>> = {
    regenerate: async () => ({ kind: "context", sealed: { regenerated: newCodes() } }),

    reveal: async (view) => {
      const codes = secrets.open(view.identity.id, await find(view));
      if (!hasCodes(view.identity) || codes === undefined) return refuse("There are no backup codes to show.");
      return { kind: "context", sealed: { revealed: codes.map(toJson) } };
    },

    confirm: async (view) => {
      const { identity, sealedContext } = view;
      const shown = shownIn(sealedContext(LOOKUP_SECRET));
      if (shown.kind !== "regenerated" || shown.codes.length !== codeCount)
        return refuse("Generate backup codes before you confirm them.");
      const config = secrets.seal(identity.id, shown.codes);
      const { since } = codeFacts(identity);
      const createdAt = typeof since === "string" ? since : clock.now().toISOString();
      return {
        kind: "performed",
        change: { credentials: [setCodes(config, await find(view), createdAt)] },
        event: { type: "lookup_secret.changed" },
        amr: { method: LOOKUP_SECRET, aal: "aal2" },
      };
    },

    disable: async (view) => ({
      kind: "performed",
      change: { credentials: [removeCodes(await find(view))] },
      event: { type: "lookup_secret.removed" },
    }),
  };

  return {
    name: LOOKUP_SECRET,
    enabled,
    changesFactors: true,
    isSecondFactor: true,

    nodes: ({ identity, sealedContext }) => settingsNodes(identity, shownIn(sealedContext(LOOKUP_SECRET))),

    examine: (input) => {
      const action = actionOf(input);
      return action === undefined
        ? rejected([{ node: "", text: uiText(general.noSettingsMethod) }])
        : { kind: "examined", protected: true, examined: action };
    },

    perform: (action, view) => actions[action](view),
  };
};

const actionOf = (input: SettingsInput<"lookup_secret">): Action | undefined => {
  if (input.lookupSecretConfirm) return "confirm";
  if (input.lookupSecretReveal) return "reveal";
  if (input.lookupSecretDisable) return "disable";
  return input.lookupSecretRegenerate ? "regenerate" : undefined;
};

const refuse = (reason: string): Rejected => rejected([{ node: "", text: uiText(general.invalid, { reason }) }]);

const toJson = ({ code, usedAt }: BackupCode): JsonObject => ({
  code,
  ...(usedAt !== undefined && { used_at: usedAt }),
});

const fromJson = ({ code, used_at: usedAt }: JsonObject): BackupCode => ({
  code: String(code),
  usedAt: typeof usedAt === "string" ? usedAt : undefined,
});

/** What the method remembers in the flow. */
const shownIn = (sealed: JsonObject | undefined): ShownCodes => {
  if (Array.isArray(sealed?.regenerated))
    return {
      kind: "regenerated",
      codes: sealed.regenerated.map((code) => ({ code: String(code), usedAt: undefined })),
    };
  if (Array.isArray(sealed?.revealed))
    return { kind: "revealed", codes: (sealed.revealed as JsonObject[]).map(fromJson) };
  return { kind: "hidden" };
};
