import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Database } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { spellingsOf } from "../../schema/normalise.ts";
import { answersAal } from "../../session/aal.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { submitNode, withType, withValue } from "../../ui/node.ts";
import { emptyIdentifierNode } from "../contract/identifier-node.ts";
import type { LoginMethod, LoginMethods } from "../contract/login.ts";
import { missingField, rejected } from "../contract/result.ts";

/** The name and node group of the method. */
const IDENTIFIER_FIRST = "identifier_first";

/** The types of credentials that have identifiers which people know. */
const types = ["password", "code", "webauthn"];

/** What the method needs. */
export interface IdentifierFirstDeps {
  readonly enabled: boolean;
  readonly db: Database;
  readonly identities: Pick<IdentityStore, "findIdentifierOwner">;
  /** Those of the second step. */
  readonly methods: Omit<LoginMethods, "identifier_first">;
  /** Whether an unknown identifier is answered like a known one. */
  readonly hidesAccounts: boolean;
}

/**
 * Creates the first of two steps of a login: it asks who it is, and the second
 * shows what that person signs in with. Where accounts are hidden it shows
 * everything to everybody.
 */
export const createIdentifierFirstLogin = ({
  enabled,
  db,
  identities,
  methods,
  hidesAccounts,
}: IdentifierFirstDeps): LoginMethod<"identifier_first"> => {
  const offering = Object.values(methods).filter((method) => method.enabled);
  const next = submitNode({
    group: IDENTIFIER_FIRST,
    name: "method",
    value: IDENTIFIER_FIRST,
    label: uiText(messages.continue),
  });

  /** Whoever signs in with an identifier, in any way. */
  const findOwner = async (identifier: string): Promise<IdentityRecord | undefined> => {
    const spellings = spellingsOf(identifier);
    const identifiers = Object.fromEntries(types.map((type) => [type, spellings]));
    return (await identities.findIdentifierOwner(db, { identifiers, verifiable: [], recovery: [] }))?.identity;
  };

  /** What each method shows in the second step, by its name. */
  const offers = (owner: IdentityRecord | undefined): JsonObject =>
    Object.fromEntries(
      offering.flatMap((method): [string, JsonValue][] => {
        const offer = method.offer?.(owner);
        return offer === undefined ? [] : [[method.name, offer]];
      }),
    );

  return {
    name: IDENTIFIER_FIRST,
    enabled: true,
    isBesideIdentifier: true,

    answers: (requestedAal) => enabled && answersAal(requestedAal, "first"),

    nodes: ({ schema, submittedValues, step, offers: offered }) => {
      const field = () => withValue(emptyIdentifierNode(schema, IDENTIFIER_FIRST), submittedValues?.identifier ?? "");
      if (step === "identifier") return [field(), next];
      return offered ? [withType(field(), "hidden")] : [];
    },

    submitted: ({ identifier }) => ({ identifier }),

    authenticate: async ({ identifier }) => {
      const submittedValues = { identifier };
      if (identifier.trim() === "") return rejected([missingField("identifier")], submittedValues);
      const owner = hidesAccounts ? undefined : await findOwner(identifier);
      const shown = offers(owner);
      if (!hidesAccounts && (owner === undefined || Object.keys(shown).length === 0))
        return rejected([{ node: "", text: uiText(messages.accountNotFound) }], submittedValues);
      return {
        kind: "next_step",
        state: "choose_method",
        active: IDENTIFIER_FIRST,
        offers: { ...shown, [IDENTIFIER_FIRST]: true },
        submittedValues,
        messages: [],
      };
    },
  };
};
