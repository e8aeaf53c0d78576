import type { Config } from "../config/config.ts";
import type { MoveReport } from "./report.ts";

/** One thing that was compared: `problem` costs people something, `note` is good to know. */
export interface Finding {
  readonly kind: "fine" | "note" | "problem";
  readonly text: string;
}

type Compared = Pick<Config, "secrets" | "session" | "selfservice" | "ciphers">;

const fine = (text: string): Finding => ({ kind: "fine", text });
const note = (text: string): Finding => ({ kind: "note", text });
const problem = (text: string): Finding => ({ kind: "problem", text });

/** Holds the configuration here against what came, or would come. */
export const compareWithPeople = (
  { selfservice: { methods } }: Pick<Config, "selfservice">,
  { credentials, providers, passkeys }: Pick<MoveReport, "credentials" | "passkeys" | "providers">,
): readonly Finding[] => {
  const isEnabled = methods as unknown as Readonly<Record<string, { readonly enabled?: boolean } | undefined>>;
  const configured = new Set(methods.oidc.config.providers.map(({ id }) => id));
  return [
    ...Object.entries(credentials).map(([type, many]) =>
      isEnabled[type]?.enabled === true
        ? fine(`${type}: ${many}, and the method is enabled`)
        : problem(`${type}: ${many}, and selfservice.methods.${type} is not enabled here`),
    ),
    ...Object.entries(providers)
      .filter(([provider]) => !configured.has(provider))
      .map(([provider, many]) =>
        problem(`the provider ${JSON.stringify(provider)} is not configured here: ${many} links wait for it`),
      ),
    ...(methods.passkey.user_verification === "discouraged" ? [] : comparePasskeys(passkeys)),
  ];
};

/** Passkeys on keys without a PIN verify nobody: here they sign in only where that is not asked for. */
const comparePasskeys = ({ unverified = 0, unknown = 0 }: MoveReport["passkeys"]): readonly Finding[] => [
  ...(unverified > 0
    ? [
        problem(
          `passkey: ${unverified} did not verify their owner when they were made (keys without a PIN), and are ` +
            "refused unless they do now or " +
            "selfservice.methods.passkey.config.authenticator_selection.user_verification is discouraged",
        ),
      ]
    : []),
  ...(unknown > 0
    ? [
        note(
          `passkey: of ${unknown} the rows do not say whether they verify their owner; those that do not are refused`,
        ),
      ]
    : []),
];

/** Holds the configuration here against that of the source. Secrets are compared, and never named. */
export const compareConfigurations = (here: Compared, source: Compared): readonly Finding[] => {
  const shared = source.secrets.cookie.filter((secret) => here.secrets.cookie.includes(secret)).length;
  const [cookie, theirs] = [here.session.cookie, source.session.cookie];
  const isSame = (name: string, a: unknown, b: unknown, otherwise: string): Finding =>
    a === b ? fine(`${name} is the same`) : problem(`${name} is not the same: ${otherwise}`);
  return [
    shared === source.secrets.cookie.length
      ? fine("secrets.cookie has each of those there: browsers stay signed in")
      : problem("secrets.cookie lacks some of those there: put them behind your own, or browsers are signed out"),
    isSame("session.cookie.name", cookie.name, theirs.name, "browsers are signed out"),
    isSame("session.cookie.domain", cookie.domain, theirs.domain, "browsers may not send the cookie"),
    isSame("session.cookie.path", cookie.path, theirs.path, "browsers may not send the cookie"),
    ...(["webauthn", "passkey"] as const).map((method) =>
      isSame(
        `selfservice.methods.${method}.config.rp.id`,
        here.selfservice.methods[method].rp.id,
        source.selfservice.methods[method].rp.id,
        "keys are refused",
      ),
    ),
    ...(source.ciphers.algorithm === "noop" || source.secrets.cipher.some((secret) => Buffer.from(secret).length === 32)
      ? [fine("tokens of providers can be decrypted")]
      : [problem("secrets.cipher there has no secret of 32 bytes: tokens of providers stay behind")]),
  ];
};
