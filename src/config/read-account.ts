import type { AccountConfig } from "./account-config.ts";
import type { Slice } from "./slice.ts";

/** Reads `account`. Paths become URLs of the public port, whose pages are the default. */
export function readAccount(account: Slice, publicUrl: string): AccountConfig {
  const deletion = account.part("deletion");
  const invitation = account.part("invitation");
  const pageOf = (page: string | undefined, own: string): string =>
    page === undefined ? new URL(own, publicUrl.replace(/\/?$/, "/")).href : new URL(page, publicUrl).href;
  return {
    deletion: {
      enabled: deletion.flag("enabled"),
      delay: deletion.duration("delay"),
      undone_by_sign_in: deletion.flag("undone_by_sign_in"),
      undo_url: pageOf(deletion.optionalText("undo_url"), "hosted/deletion"),
    },
    merge: { enabled: account.part("merge").flag("enabled") },
    invitation: {
      lifespan: invitation.duration("lifespan"),
      accept_url: pageOf(invitation.optionalText("accept_url"), "hosted/invitation"),
    },
  };
}
