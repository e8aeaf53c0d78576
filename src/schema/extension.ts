import { Ajv } from "ajv";

/** How an address is reached. */
export type Via = "email" | "sms";

/** The keyword by which a schema says what a trait is for. */
export const extensionKeyword = "ory.sh/kratos";

/** The value of the keyword (docs/compatibility.md, rule 22). */
export interface Extension {
  readonly credentials?: {
    readonly password?: { readonly identifier?: boolean };
    readonly webauthn?: { readonly identifier?: boolean };
    readonly passkey?: { readonly display_name?: boolean };
    readonly totp?: { readonly account_name?: boolean };
    readonly code?: { readonly identifier?: boolean; readonly via?: Via };
  };
  readonly verification?: { readonly via?: Via };
  readonly recovery?: { readonly via?: Via };
  readonly organizations?: { readonly matcher?: "email_domain" };
}

const closed = (properties: Readonly<Record<string, unknown>>) => ({
  type: "object",
  additionalProperties: false,
  properties,
});
const flag = { type: "boolean" };
const via = { enum: ["email", "sms"] };

const check = new Ajv().compile<Extension>(
  closed({
    credentials: closed({
      password: closed({ identifier: flag }),
      webauthn: closed({ identifier: flag }),
      passkey: closed({ display_name: flag }),
      totp: closed({ account_name: flag }),
      code: closed({ identifier: flag, via }),
    }),
    verification: closed({ via }),
    recovery: closed({ via }),
    organizations: closed({ matcher: { enum: ["email_domain"] } }),
  }),
);

/** Whether a value of the keyword is well formed; if not, what is wrong and where in it. */
export function extensionFault(value: unknown): { readonly path: string; readonly problem: string } | undefined {
  if (check(value)) return undefined;
  const [fault] = check.errors ?? [];
  const extra: unknown = fault?.params.additionalProperty;
  const allowed: unknown = fault?.params.allowedValues;
  const named =
    typeof extra === "string"
      ? `: ${JSON.stringify(extra)}`
      : Array.isArray(allowed)
        ? `: ${JSON.stringify(allowed)}`
        : "";
  return { path: fault?.instancePath ?? "", problem: `${fault?.message ?? "is not well formed"}${named}` };
}
