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
