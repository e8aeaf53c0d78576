import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { LinkedAccount } from "../../methods/contract/authentication.ts";
import type { LoginMethod } from "../../methods/contract/login.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { accountLinkOf, notTheOwner, type PendingAccountLink } from "../authentication/pending-account-link.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { LoginDeps } from "./deps.ts";
import type { SecondFactorState, WaitingChange } from "./second-factor.ts";

/** Rolls the transaction back: what waited for the owner of the account cannot be linked. */
export class CannotLink extends Error {
  override readonly name = "CannotLink";
  readonly rejected: Rejected;

  constructor(rejected: Rejected) {
    super("what waits cannot be linked");
    this.rejected = rejected;
  }
}

/** What became of an account that was to be linked. */
export interface Linking {
  readonly linked?: LinkedAccount | undefined;
  readonly waits?: WaitingChange;
}

/**
 * Makes a pending account link, in the transaction of its owner's sign-in: that of the flow, or one that was parked
 * with the session that is raised. Below the level of the account nothing is linked, and the link is parked. A session
 * has one parked link at most: the session begins with the flow that asks for it, and in other flows its owner is
 * refused before (SESSION_ALREADY_AVAILABLE).
 *
 * @throws CannotLink for the link of the flow; one that was parked prevents no sign-in
 */
export type LinkAccount = (
  tx: Sql,
  flow: FlowRecord,
  owner: IdentityRecord,
  second: SecondFactorState,
) => Promise<Linking>;

/** Creates the linking. */
export const createLinkAccount = ({
  login: { methods, pendingAccountLinks },
}: Pick<LoginDeps, "login">): LinkAccount => {
  const linkThrough = async (tx: Sql, { method, state }: WaitingChange, owner: IdentityRecord) =>
    (methods as Readonly<Record<string, LoginMethod>>)[method]?.linkAccount?.(state, owner, tx);

  const pendingOf = (flow: FlowRecord, owner: IdentityRecord): PendingAccountLink => {
    const pending = pendingAccountLinks.open(flow);
    if (pending === undefined) throw new CannotLink(nothingToLink);
    if (pending.ownerId !== owner.id) throw new CannotLink(notTheOwner);
    return pending;
  };

  return async (tx, flow, owner, { isReached, waiting }) => {
    const asked = accountLinkOf(flow);
    if (asked) {
      const link = { method: asked.method, state: pendingOf(flow, owner).linkState as JsonObject };
      if (!isReached) return { waits: link };
      const linked = await linkThrough(tx, link, owner);
      if (linked?.kind === "rejected") throw new CannotLink(linked);
      return { linked };
    }
    if (waiting.accountLink === undefined) return {};
    const linked = await linkThrough(tx, waiting.accountLink, owner);
    return linked?.kind === "rejected" ? {} : { linked };
  };
};

const nothingToLink = rejected([
  {
    node: "",
    text: uiText(messages.invalid, {
      reason: "What was to be linked is not there any more. Please start again.",
    }),
  },
]);
