import type { IdentityRecord } from "../../identity/identity.ts";
import { parseUuid } from "../../lib/ids.ts";
import { noIdentity } from "../identities/read.ts";
import type { AccountAdminDeps } from "./deps.ts";

/** Finds a person by their id, in any spelling of it. @throws NOT_FOUND */
export type MustFind = (id: string) => Promise<IdentityRecord>;

/** Creates the function; see `MustFind`. */
export const createMustFind =
  ({ db, identities }: Pick<AccountAdminDeps, "db" | "identities">): MustFind =>
  async (id) => {
    const found = parseUuid(id) && (await identities.find(db, id));
    if (found === undefined) throw noIdentity();
    return found;
  };
