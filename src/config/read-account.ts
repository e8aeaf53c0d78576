import type { AccountConfig } from "./account-config.ts";
import type { Slice } from "./slice.ts";

/** Reads `account`. Paths become URLs of the public port, whose pages are the default. */
export function readAccount(account: Slice, publicUrl: string): AccountConfig {
  const deletion = account.part("deletion");
  const page = deletion.optionalText("undo_url");
  return {
    deletion: {
      enabled: deletion.flag("enabled"),
      delay: deletion.duration("delay"),
      undone_by_sign_in: deletion.flag("undone_by_sign_in"),
      undo_url:
        page === undefined
          ? new URL("hosted/deletion", publicUrl.replace(/\/?$/, "/")).href
          : new URL(page, publicUrl).href,
    },
  };
}
