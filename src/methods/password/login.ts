import type { Refusals } from "../../audit/refusals.ts";
import type { Database } from "../../db/sql.ts";
import { tooManyGuesses } from "../../errors/too-many-guesses.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Call } from "../../lib/call.ts";
import { hashKindOf } from "../../lib/hashing/hash-format.ts";
import type { FailureFloor, TimedTry } from "../../limits/failure-floor.ts";
import type { RateLimiter } from "../../limits/rate-limiter.ts";
import { normaliseIdentifier, spellingsOf } from "../../schema/normalise.ts";
import { answersAal } from "../../session/aal.ts";
import type { KnownDevices } from "../../session/known-devices.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, submitNode } from "../../ui/node.ts";
import type { Authenticated } from "../contract/authentication.ts";
import { identifierNode } from "../contract/identifier-node.ts";
import type { LoginInput, LoginMethod, LoginView } from "../contract/login.ts";
import { missingField, type Rejected, rejected } from "../contract/result.ts";
import { PASSWORD, passwordCredential, readHash, writeHash } from "./credential.ts";
import { createGuessers } from "./guesser.ts";
import { isMigrating } from "./migration.ts";
import type { Passwords } from "./passwords.ts";

/** What the password method of the login flow needs. */
export interface PasswordLoginDeps {
  readonly enabled: boolean;
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly passwords: Passwords;
  readonly attempts: RateLimiter;
  readonly devices: KnownDevices;
  readonly floor: FailureFloor;
  readonly refusals: Refusals;
}

/**
 * Creates the password method of the login flow. A wrong password and an
 * unknown person get the same answer, after the same time.
 */
export const createPasswordLogin = ({
  enabled,
  db,
  identities,
  passwords,
  attempts,
  devices,
  floor,
  refusals,
}: PasswordLoginDeps): LoginMethod<"password"> => {
  const field = freezeNode(
    inputNode({
      group: PASSWORD,
      name: "password",
      type: "password",
      required: true,
      autocomplete: "current-password",
      label: uiText(messages.password),
    }),
  );
  const signIn = submitNode({
    group: PASSWORD,
    name: "method",
    value: PASSWORD,
    label: uiText(messages.signInWithPassword),
  });
  const guesserOf = createGuessers({ attempts, devices });
  const linkAccount = submitNode({ group: PASSWORD, name: "method", value: PASSWORD, label: uiText(messages.signIn) });

  /** Everything that takes time, and may tell by it who is there. @throws RATE_LIMITED, OVERLOADED */
  const verify = async (
    input: LoginInput<"password">,
    { signedIn }: LoginView,
    call: Call,
    timed: TimedTry,
  ): Promise<Authenticated | Rejected> => {
    const submittedValues = submitted(input);
    const identifier = normaliseIdentifier(submittedValues.identifier);
    const found = await identities.findByIdentifier(db, PASSWORD, spellingsOf(submittedValues.identifier));
    const guesser = await guesserOf({ identifier, owner: found?.identity, signedIn }, call);

    const tried = await attempts.attempt(guesser.buckets, async () => {
      const hash = readHash(found?.secret);
      if (found && passwords.migration && isMigrating(found.secret)) {
        timed.began(0);
        const { identity } = found;
        const asked = { identifier: submittedValues.identifier, password: input.password, identity };
        const ok = await passwords.migration(asked, call);
        timed.verified("another server");
        return { failed: !ok, value: { ok, rehash: true } };
      }
      const verified = await passwords.verify(input.password, hash, { ...guesser.share, onTurn: timed.began });
      timed.verified(hashKindOf(hash));
      return { failed: !found || !verified.ok, value: verified };
    });
    if (tried.kind === "wait") {
      const reason = "too_many_attempts";
      if (found) refusals.record({ identityId: found.identity.id, flow: "login", method: PASSWORD, reason, call });
      throw tooManyGuesses("Too many failed attempts to sign in. Try again later.", tried.seconds);
    }
    const { ok, rehash } = tried.value;
    if (!found || !ok)
      return {
        ...rejected([{ node: "", text: uiText(messages.invalidCredentials) }], submittedValues),
        ...(found && { refused: { identityId: found.identity.id, reason: "wrong_credential" } }),
      };
    // Only whoever knows the password learns that the account was disabled.
    if (found.identity.state !== "active")
      return {
        ...rejected([{ node: "", text: uiText(messages.identityDisabled) }], { identifier: "" }, PASSWORD),
        refused: { identityId: found.identity.id, reason: "identity_disabled" },
      };
    const rehashed = rehash ? await passwords.rehash(input.password, guesser.share) : undefined;
    const renewed = rehashed === undefined ? {} : { renewed: writeHash(rehashed) };
    return {
      kind: "authenticated",
      identity: found.identity,
      amr: { method: PASSWORD, aal: "aal1" },
      verified: { type: PASSWORD, version: found.secret?.version, ...renewed },
    };
  };

  return {
    name: PASSWORD,
    enabled,

    answers: (requestedAal) => answersAal(requestedAal, "first"),

    nodes: (view) => {
      if (view.requestedAal === 2 || view.accountLink?.availableMethods?.includes(PASSWORD) === false) return [];
      if (view.refresh && view.signedIn && passwordCredential.factors(view.signedIn.identity).length === 0) return [];
      return [identifierNode(view, identifierOf(view)), field, view.refresh ? linkAccount : signIn];
    },

    offer: (owner) => (owner === undefined || passwordCredential.factors(owner).length > 0 ? true : undefined),

    submitted,

    authenticate: async (input, view, call) => {
      const submittedValues = submitted(input);
      const { identifier } = submittedValues;
      if (identifier.trim() === "") return rejected([missingField("identifier")], submittedValues);
      if (input.password === "") return rejected([missingField("password")], submittedValues);

      return floor.hold(call.signal, async (timed) => {
        const result = await verify(input, view, call, timed);
        return { failed: result.kind !== "authenticated", value: result };
      });
    },
  };
};

const submitted = (input: LoginInput<"password">) => ({ identifier: input.identifier || input.passwordIdentifier });

/** What the person who is signed in gives their password with. */
const identifierOf = ({ signedIn }: LoginView): string =>
  signedIn?.identity.credentials[PASSWORD]?.identifiers[0] ?? "";
