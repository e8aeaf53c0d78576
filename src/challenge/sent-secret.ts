import type { JsonObject } from "@bufbuild/protobuf";
import { channelOf } from "../identity/channel.ts";
import type { Address } from "../schema/addresses.ts";
import { addressKey } from "./address.ts";
import type { ChallengeBinding } from "./secret-kind.ts";

/** What a flow stores of a secret that it sent: sealed, and never the secret itself. */
export interface SentSecret {
  /** Tells guesses at this secret from those at another one. */
  readonly serial: string;
  /** What submitted secrets are compared with. Undefined: none is good, because nobody has the address. */
  readonly digest: JsonObject | undefined;
  /** Undefined for a secret that an operator made. */
  readonly address: Address | undefined;
  /** Whose address it is; undefined where nobody has it, or nobody is known yet. */
  readonly identityId: string | undefined;
  /** Whether that person had proven the address when it was made; left out where it was only claimed. */
  readonly isOwners?: boolean | undefined;
  /** The version of that person when it was made; left out where nobody is known. */
  readonly personVersion?: number | undefined;
  /** The address that takes effect with it; undefined where the account has the address already. */
  readonly pendingId?: string | undefined;
  readonly expiresAt: Date;
}

/** Writes it as JSON. */
export const sentSecretToJson = ({
  serial,
  digest,
  address,
  identityId,
  isOwners,
  personVersion,
  pendingId,
  expiresAt,
}: SentSecret): JsonObject => ({
  serial,
  ...(digest && { digest }),
  ...(address && { via: address.via, value: address.value }),
  ...(identityId !== undefined && { identity_id: identityId }),
  ...(isOwners && { is_owners: true }),
  ...(personVersion !== undefined && { person_version: personVersion }),
  ...(pendingId !== undefined && { pending_id: pendingId }),
  expires_at: expiresAt.getTime(),
});

/** Reads what `sentSecretToJson` has written. */
export const sentSecretFromJson = (json: JsonObject): SentSecret => {
  const { serial, digest, via, value, identity_id: identityId, pending_id: pendingId, expires_at: expiresAt } = json;
  const { is_owners: isOwners, person_version: personVersion } = json;
  return {
    serial: String(serial),
    digest: digest as JsonObject | undefined,
    address: typeof value === "string" ? { via: channelOf(String(via)), value } : undefined,
    identityId: typeof identityId === "string" ? identityId : undefined,
    ...(isOwners === true && { isOwners }),
    ...(typeof personVersion === "number" && { personVersion }),
    ...(typeof pendingId === "string" && { pendingId }),
    expiresAt: new Date(Number(expiresAt)),
  };
};

/** What a secret of a flow is bound to. */
export const bindingOf = (
  flow: { readonly id: string },
  { address, identityId }: Pick<SentSecret, "address" | "identityId">,
): ChallengeBinding => ({
  flowId: flow.id,
  address: address === undefined ? "" : addressKey(address),
  identityId,
});
