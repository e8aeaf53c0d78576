import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { NoticesConfig } from "../../config/notices-config.ts";
import type { MessageTemplate } from "../../courier/message.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { recipientsOfChange } from "../../identity/recipients.ts";
import type { Hook, WrittenContext } from "../phases.ts";
import { createNotify, type NoticeDeps } from "./notify.ts";

/** Of which changes people hear, by the event that is recorded of them. */
const notices: Readonly<Record<string, readonly [kind: keyof NoticesConfig, template: MessageTemplate]>> = {
  "password.changed": ["password", "password_changed"],
  "totp.added": ["factor", "authenticator_key_added"],
  "totp.removed": ["factor", "authenticator_key_removed"],
  "webauthn.added": ["factor", "authenticator_key_added"],
  "webauthn.removed": ["factor", "authenticator_key_removed"],
  "passkey.added": ["factor", "authenticator_key_added"],
  "passkey.removed": ["factor", "authenticator_key_removed"],
  "lookup_secret.changed": ["factor", "backup_codes_changed"],
  "lookup_secret.removed": ["factor", "backup_codes_removed"],
  "provider.linked": ["provider", "provider_linked"],
  "provider.unlinked": ["provider", "provider_unlinked"],
};

const WEEK_MS = 7 * 86_400_000;

/**
 * Creates the hook that tells people what has changed in how they sign in
 * (docs/mail.md): at their verified addresses, at all of them where none is.
 */
export const createAccountChangeNotices = (deps: NoticeDeps, config: NoticesConfig): Hook => {
  const notify = createNotify(deps);
  return {
    inTransaction: async (tx, context) => {
      const [kind, template] = notices[context.event?.type ?? ""] ?? [];
      if (kind === undefined || template === undefined || !config[kind]) return;
      const name = nameOf(context);
      for (const address of recipientsOfChange(context.identity)) {
        const data = name === undefined ? {} : { name };
        await notify(tx, context, address, { template, data, lifespan: WEEK_MS });
      }
    },
    afterCommit: async ({ event }) => {
      if (notices[event?.type ?? ""] !== undefined) deps.courier.wake();
      return undefined;
    },
  };
};

/** What the provider or the key is called, where it has a name. */
const nameOf = ({ event, previous, identity }: WrittenContext): string | undefined => {
  const provider = event?.detail?.provider;
  if (typeof provider === "string") return provider;
  const type = event?.type.split(".")[0] ?? "";
  const [before, after] = [keysOf(previous, type), keysOf(identity, type)];
  const changed =
    after.find(({ id }) => !before.some((one) => one.id === id)) ??
    before.find(({ id }) => !after.some((one) => one.id === id));
  return typeof changed?.name === "string" && changed.name !== "" ? changed.name : undefined;
};

const keysOf = (identity: IdentityRecord | undefined, type: string): readonly JsonObject[] => {
  const keys: JsonValue | undefined = identity?.credentials[type]?.facts.keys;
  return Array.isArray(keys) ? (keys as readonly JsonObject[]) : [];
};
