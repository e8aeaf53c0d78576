import type { PasskeyConfig, WebauthnConfig } from "../../config/keys-config.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import { readTraits } from "../../schema/form.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { passkeyName, passkeyNameFields } from "../../schema/passkey-name.ts";
import { validateTraits } from "../../schema/validate.ts";
import type { RegistrationResult } from "../contract/authentication.ts";
import type { RegistrationInput, RegistrationMethod, RegistrationView } from "../contract/registration.ts";
import { missingField, type Rejected, rejected } from "../contract/result.ts";
import { nameOfModel } from "./aaguid.ts";
import { type Enrolment, readNewKey } from "./enrolment.ts";
import type { ChallengeForm, FormSecrets } from "./form-secrets.ts";
import { type KeyMethod, PASSKEY, setKeys, WEBAUTHN } from "./key.ts";
import { noIdentifier } from "./messages.ts";
import { keyRegistrationNodes, keyScript, passkeyRegistrationNodes, type ScriptFile } from "./nodes.ts";
import { passkeyCreation, securityKeyCreation } from "./options.ts";

/** What registration with keys needs. */
export interface KeyRegistrationDeps {
  readonly clock: Clock;
  readonly formSecrets: FormSecrets;
  readonly limit: RegistrationLimit;
  readonly script: ScriptFile;
  /** Whether it has the fields of the traits in a form of one step, which no other method has. */
  readonly hasTraits: boolean;
}

/** Nobody is known yet, and a flow makes one person. */
const formOf = (method: KeyMethod, { flow }: RegistrationView): ChallengeForm => ({
  method,
  flowId: flow.id,
  identityId: undefined,
  round: 0,
});

const ownTraits = (
  { schema, style, submittedValues }: RegistrationView,
  hasTraits: boolean,
): ReturnType<typeof traitNodes> =>
  style === "unified" && hasTraits
    ? traitNodes(schema, { group: "default", values: {}, ...(submittedValues && { submittedValues }) })
    : [];

/** Whether the form is where people choose what to sign in with. */
const isChoosing = ({ style, step }: RegistrationView): boolean => style === "unified" || step === "credentials";

const submittedOf = (input: RegistrationInput<KeyMethod>, schema: IdentitySchema) =>
  readTraits(schema, input.traits ?? {}).submittedValues;

/** What is asked of an answer beside the ceremony. */
interface Wanted extends Omit<Enrolment, "node" | "userHandle"> {
  /** Node of the answer. */
  readonly node: string;
  /** Whether the traits have what a key is found by, or called. */
  readonly isFound: (traits: {
    readonly traits: RegistrationTraits;
    readonly identifiers: readonly string[];
  }) => boolean;
}

type RegistrationTraits = ReturnType<typeof readTraits>["traits"];

const createRegister =
  ({ clock, formSecrets, limit }: KeyRegistrationDeps) =>
  async (
    input: RegistrationInput<KeyMethod>,
    view: RegistrationView,
    wanted: Wanted,
    call: Call,
  ): Promise<RegistrationResult | Rejected> => {
    const { answer, method, node } = wanted;
    const { traits, submittedValues } = readTraits(view.schema, input.traits ?? {});
    const validated = validateTraits(view.schema, traits);
    // What is missing is said at once; what is wrong with the key only when all else holds.
    const missing = answer === "" ? [missingField(node)] : [];
    if (validated.kind === "invalid") return rejected([...validated.messages, ...missing], submittedValues);
    if (missing.length > 0) return rejected(missing, submittedValues);
    if (!wanted.isFound({ traits: validated.traits, identifiers: validated.identifiers[method] ?? [] }))
      return rejected([noIdentifier()], submittedValues);
    await limit.mustHaveRoom(call.remoteAddress);
    const key = await readNewKey(wanted, formOf(method, view), { clock, formSecrets });
    if ("kind" in key) return { ...key, submittedValues };
    const userHandle = formSecrets.userHandle(view.flow.id);
    return {
      kind: "registered",
      traits: validated,
      credentials: [setKeys(method, { version: undefined, userHandle, keys: [key] })],
      amr: { method, aal: "aal1" },
      submittedValues,
    };
  };

/** Creates the webauthn method of the registration flow: where security keys sign in by themselves. */
export const createWebauthnRegistration = (
  config: WebauthnConfig,
  deps: KeyRegistrationDeps,
): RegistrationMethod<"webauthn"> => {
  const { formSecrets, script, hasTraits } = deps;
  const register = createRegister(deps);
  return {
    name: WEBAUTHN,
    enabled: config.enabled,
    answers: () => config.passwordless,

    nodes: (view) => {
      if (!config.passwordless) return [];
      const traits = ownTraits(view, hasTraits);
      if (view.flow.type === "api" || !isChoosing(view)) return traits;
      const options = securityKeyCreation({
        rp: config.rp,
        user: { name: config.rp.display_name, userHandle: formSecrets.userHandle(view.flow.id) },
        challenge: formSecrets.challenge(formOf(WEBAUTHN, view)),
        exclude: [],
      });
      return [...traits, ...keyRegistrationNodes(options, ""), keyScript(script)];
    },

    submitted: submittedOf,

    register: (input, view, call) => {
      const wanted: Wanted = {
        method: WEBAUTHN,
        answer: input.webauthnRegister,
        node: "webauthn_register",
        rp: config.rp,
        requireUserVerification: false,
        passwordless: true,
        nameOf: () => input.webauthnRegisterDisplayname.trim(),
        isFound: ({ identifiers }) => identifiers.length > 0,
      };
      return register(input, view, wanted, call);
    },
  };
};

/** Creates the passkey method of the registration flow. */
export const createPasskeyRegistration = (
  config: PasskeyConfig,
  deps: KeyRegistrationDeps,
): RegistrationMethod<"passkey"> => {
  const { formSecrets, script, hasTraits } = deps;
  const register = createRegister(deps);
  return {
    name: PASSKEY,
    enabled: config.enabled,

    nodes: (view) => {
      const { flow, schema } = view;
      const traits = ownTraits(view, hasTraits);
      if (!isChoosing(view)) return traits;
      const options = passkeyCreation(config, {
        // The page puts in the name that is typed.
        user: { name: config.rp.display_name, userHandle: formSecrets.userHandle(flow.id) },
        challenge: formSecrets.challenge(formOf(PASSKEY, view)),
        exclude: [],
      });
      return [
        ...traits,
        ...passkeyRegistrationNodes(flow.type, options, passkeyNameFields(schema)),
        ...(flow.type === "browser" ? [keyScript(script)] : []),
      ];
    },

    submitted: submittedOf,

    register: (input, view, call) => {
      const wanted: Wanted = {
        method: PASSKEY,
        answer: input.passkeyRegister,
        node: "passkey_register",
        rp: config.rp,
        requireUserVerification: config.user_verification !== "discouraged",
        passwordless: true,
        nameOf: nameOfModel,
        isFound: ({ traits }) => passkeyName(view.schema, traits) !== undefined,
      };
      return register(input, view, wanted, call);
    },
  };
};
