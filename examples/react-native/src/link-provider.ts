import { type Client, createSettings, type Failure } from "@ostiary/client";

/** What linking needs of the app. */
export interface LinkOptions {
  /** Id of the provider, `github`. */
  readonly provider: string;
  /** URL that leads back into the app, which the server's configuration allows: `https://app.example.com/linked`. */
  readonly returnTo: string;
  /**
   * Opens the system browser and waits until it came back to `returnTo`, with
   * what was added to it; undefined when the person closed it.
   */
  readonly browse: (url: string, returnTo: string) => Promise<string | undefined>;
}

/** What linking came to. */
export type Linked = { readonly ok: true } | { readonly ok: false; readonly failure: Failure | "closed" };

/**
 * Links a sign-in provider through the system browser, which knows the person
 * there. The app holds one code and the browser brings the other: whoever sees
 * only one of them can do nothing with it.
 */
export const linkProvider = async (client: Client, { provider, returnTo, browse }: LinkOptions): Promise<Linked> => {
  const settings = createSettings(client);
  const created = await settings.create({ returnTo, returnSessionTokenExchangeCode: true });
  if (!created.ok) return created;
  const flow = created.value;
  const begun = await settings.update(flow, { case: "oidc", value: { link: provider } });
  if (!begun.ok) return begun;
  const back = await browse(begun.value.redirectBrowserTo, returnTo);
  const code = back === undefined ? null : new URL(back).searchParams.get("code");
  if (code === null) return { ok: false, failure: "closed" };
  const done = await settings.update(flow, {
    case: "oidc",
    value: { initCode: flow.sessionTokenExchangeCode ?? "", returnToCode: code },
  });
  return done.ok ? { ok: true } : done;
};
