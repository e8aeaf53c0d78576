import type { Factor, Link } from "../../../gen/ostiary/account/v1/factor_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { OwnedCredentials } from "./owned-credentials.ts";

/** What a person signs in with, as they know it. */
export const listFactors = (identity: IdentityRecord, { kinds }: OwnedCredentials): Factor[] =>
  kinds.flatMap((kind) =>
    kind.owned(identity).map(
      ({ id, name, createdAt, remaining }): Factor => ({
        $typeName: "ostiary.account.v1.Factor",
        type: kind.type,
        id,
        name,
        ...(createdAt !== undefined && { createdAt: timestamp(createdAt) }),
        ...(remaining !== undefined && { remaining }),
      }),
    ),
  );

/** The accounts at sign-in providers that a person has linked. */
export const listLinks = (identity: IdentityRecord, { links }: OwnedCredentials): Link[] =>
  links(identity).map(
    ({ provider, subject, account = "", linked_at: linkedAt }): Link => ({
      $typeName: "ostiary.account.v1.Link",
      provider,
      subject,
      account,
      ...(linkedAt !== undefined && { createdAt: timestamp(linkedAt) }),
    }),
  );
