/*
 * The JSON of the public API, as far as the pages read it. They are a client
 * like any other: these are a client's types, lenient where the API may leave
 * something out, and what is unknown to them is passed over.
 */

/** A text for a person. */
export interface WireText {
  readonly id: number;
  readonly text: string;
  readonly type: "info" | "error" | "success";
  readonly context?: Readonly<Record<string, unknown>>;
}

/** A form field or button. */
export interface WireInput {
  readonly node_type: "input";
  readonly name: string;
  readonly type: string;
  readonly value?: unknown;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly autocomplete?: string;
  readonly label?: WireText;
  readonly maxlength?: number;
  readonly options?: readonly { readonly value: unknown }[];
  readonly onclick?: string;
  readonly onclickTrigger?: string;
  readonly onload?: string;
  readonly onloadTrigger?: string;
}

/** The attributes of a node, by its kind. */
export type WireAttributes =
  | WireInput
  | { readonly node_type: "text"; readonly id: string; readonly text: WireText }
  | {
      readonly node_type: "img";
      readonly id: string;
      readonly src: string;
      readonly width?: number;
      readonly height?: number;
    }
  | { readonly node_type: "a"; readonly id: string; readonly href: string; readonly title: WireText }
  | WireScript
  | {
      readonly node_type: "div";
      readonly id: string;
      readonly class?: string;
      readonly data?: Readonly<Record<string, string>>;
    };

/** A script to load. */
export interface WireScript {
  readonly node_type: "script";
  readonly id: string;
  readonly src: string;
  readonly async?: boolean;
  readonly type?: string;
  readonly integrity?: string;
  readonly crossorigin?: string;
  readonly referrerpolicy?: string;
  readonly nonce?: string;
}

/** One element of a form. */
export interface WireNode {
  readonly group: string;
  readonly attributes: WireAttributes;
  readonly messages?: readonly WireText[] | null;
  readonly meta?: { readonly label?: WireText } | null;
}

/** A form. */
export interface WireUi {
  readonly action: string;
  readonly method: string;
  readonly nodes?: readonly WireNode[] | null;
  readonly messages?: readonly WireText[] | null;
}

/** An address of a person. */
export interface WireAddress {
  readonly value: string;
  /** `email`, `sms`, … */
  readonly via?: string;
  readonly verified?: boolean;
}

/** A person, as far as a page names them. */
export interface WireIdentity {
  readonly id: string;
  readonly traits?: unknown;
  readonly verifiable_addresses?: readonly WireAddress[] | null;
  readonly recovery_addresses?: readonly WireAddress[] | null;
}

/** A flow of any kind. */
export interface WireFlow {
  readonly id: string;
  readonly ui: WireUi;
  readonly return_to?: string;
  /** The method that was submitted last. */
  readonly active?: string;
  /** Settings: `success` once something was saved. */
  readonly state?: string;
  /** Login: a signed-in person authenticates again. */
  readonly refresh?: boolean;
  /** Login: `aal2` for a second factor. */
  readonly requested_aal?: string;
  /** Settings: whose account it is. */
  readonly identity?: WireIdentity;
}

/** A session. */
export interface WireSession {
  readonly id: string;
  readonly authenticated_at: string;
  readonly identity?: WireIdentity | null;
  readonly devices?: readonly { readonly ip_address?: string; readonly user_agent?: string }[] | null;
  readonly authentication_methods?: readonly { readonly method?: string; readonly provider?: string }[] | null;
}

/** A browser that stands in for the second factor of a person. */
export interface WireTrustedDevice {
  readonly id: string;
  readonly ip_address?: string;
  readonly user_agent?: string;
  readonly expires_at: string;
}

/** Something that happened to the account, as `/account/activity` answers it. */
export interface WireActivity {
  readonly type: string;
  readonly time: string;
  readonly refused?: boolean;
  readonly by_operator?: boolean;
  readonly remote_address?: string;
  readonly user_agent?: string;
  readonly provider?: string;
}

/** What went wrong. */
export interface WireError {
  readonly id?: string;
  readonly code?: number;
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  /** Of the request that failed. */
  readonly request?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}
