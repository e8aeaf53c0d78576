import type { CredentialMerging } from "../contract/merging.ts";
import { MOST_KEYS } from "./enrolment.ts";
import { type KeyMethod, type KeyRing, readKeyRing, setKeys } from "./key.ts";

/**
 * Creates it for security keys or passkeys: they are transferred, up to their largest number. An authenticator goes on
 * naming the user handle that its passkey was made with, so that the account has both handles from then on.
 */
export const createKeyMerging = (type: KeyMethod): CredentialMerging => ({
  type,
  merge: (from, into) => {
    const brought = readKeyRing(from.secret);
    if (brought.keys.length === 0) return { parts: [] };
    const own = readKeyRing(into.secret);
    const room = Math.max(0, MOST_KEYS - own.keys.length);
    const coming = brought.keys.slice(0, room);
    const lost = brought.keys.slice(room);
    return {
      ...(coming.length > 0 && {
        change: setKeys(type, { ...own, ...handlesOf(own, brought), keys: [...own.keys, ...coming] }),
      }),
      parts: [
        ...coming.map(({ name }) => ({ name })),
        ...lost.map(({ name }) => ({ name, lost: "too_many" as const })),
      ],
    };
  },
});

/** The handle of the account that stays goes first: new keys are made with it. */
const handlesOf = (own: KeyRing, brought: KeyRing): Pick<KeyRing, "userHandle" | "otherHandles"> => {
  const all = [own, brought].flatMap(({ userHandle, otherHandles = [] }) => [userHandle, ...otherHandles]);
  const [userHandle, ...otherHandles] = new Set(all.filter((handle) => handle !== undefined && handle !== ""));
  return { userHandle, otherHandles: otherHandles.filter((handle) => handle !== undefined) };
};
