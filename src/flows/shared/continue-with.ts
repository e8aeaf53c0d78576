import type { ContinueWith } from "../../../gen/ostiary/ui/v1/ui_pb.ts";

/** Tells a client to navigate the browser. */
export const redirectTo = (url: string): ContinueWith => ({
  $typeName: "ostiary.ui.v1.ContinueWith",
  next: { case: "redirectBrowserTo", value: { $typeName: "ostiary.ui.v1.RedirectBrowserTo", redirectBrowserTo: url } },
});

/** Gives a native app its session token. */
export const setSessionToken = (token: string): ContinueWith => ({
  $typeName: "ostiary.ui.v1.ContinueWith",
  next: {
    case: "setOrySessionToken",
    value: { $typeName: "ostiary.ui.v1.SetOrySessionToken", orySessionToken: token },
  },
});

/**
 * Where the browser that posted a form continues: the page of the first flow
 * that a hook asks for; undefined where none does.
 */
export const pageToContinueWith = (continueWith: readonly ContinueWith[]): string | undefined => {
  for (const { next } of continueWith) {
    if (next.case === "showVerificationUi" || next.case === "showSettingsUi" || next.case === "showRecoveryUi") {
      const url = next.value.flow?.url;
      if (url !== undefined) return url;
    }
  }
  return undefined;
};

/** Tells a client to show a settings flow. `url` is its page, for browsers. */
export const showSettings = (id: string, url: string | undefined): ContinueWith => ({
  $typeName: "ostiary.ui.v1.ContinueWith",
  next: {
    case: "showSettingsUi",
    value: {
      $typeName: "ostiary.ui.v1.ShowSettingsUi",
      flow: { $typeName: "ostiary.ui.v1.ContinueWithFlow", id, ...(url !== undefined && { url }) },
    },
  },
});
