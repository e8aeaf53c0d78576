/** What all web hooks have in common. */
export interface WebHookClientConfig {
  /** Names of the headers of requests that receivers get. */
  readonly header_allowlist: readonly string[];
  /** Milliseconds for a request and its answer. */
  readonly timeout: number;
}

/** A hook as it stands in a list. */
export interface HookConfig {
  readonly hook: string;
  /** Where it stands: `selfservice.flows.login.after.hooks[0]`. */
  readonly path: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** `after` of a flow: the method's own part wins over the general one. */
export interface AfterConfig {
  readonly default_browser_return_url: string | undefined;
  readonly hooks: readonly HookConfig[];
  readonly methods: Readonly<
    Record<string, { readonly default_browser_return_url: string | undefined; readonly hooks: readonly HookConfig[] }>
  >;
}
