import { create } from "@bufbuild/protobuf";
import type { ConfirmMergeRequest, ConfirmMergeResponse } from "../../../gen/ostiary/account/v1/merge_service_pb.ts";
import { MergeRefusedSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import type { EventContent } from "../../audit/event-types.ts";
import type { Sql } from "../../db/sql.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import { detail, type ServiceError, serviceError } from "../../errors/service-error.ts";
import { recipientsOfAccount } from "../../identity/recipients.ts";
import type { Call } from "../../lib/call.ts";
import type { Caller } from "../../session/caller.ts";
import { endRestingOnCredentials } from "../../session/resting-on-credentials.ts";
import { mustStillBeLive, sessionOver } from "../../session/still-live.ts";
import { createOwnerMessages } from "../owner-messages.ts";
import type { MergeDeps } from "./deps.ts";
import type { ExaminedMerge, ExamineMerge } from "./examine.ts";
import type { OfferedMerge } from "./offers.ts";
import { nothingOffered, renderMerge } from "./render.ts";

/** Milliseconds for which the message about it is useful. */
const NOTICE_MS = 7 * 86_400_000;

/** Creates the end of a merge: one account has what both had, as far as it can, and the other one is erased. */
export const createConfirm = (deps: MergeDeps, examine: ExamineMerge) => {
  const { ends, sessions, storage, trail } = deps;
  const { clock, db, identities, offers } = storage;
  const { audit, courier } = trail;
  const owners = createOwnerMessages(
    { ...trail, clock },
    {
      purpose: "merge",
      tooMany: "Too many messages about merges were sent to the addresses of one of the accounts. Try again later.",
    },
  );

  /** Whoever has begun other transactions of the two waits, or has them wait, in the same order. */
  const lockBoth = async (tx: Sql, { session, other }: OfferedMerge): Promise<void> => {
    for (const id of [session.identityId, other.identityId].toSorted()) {
      if (await identities.tryLockActive(tx, id)) continue;
      if (id === other.identityId) throw nothingOffered();
      throw sessionOver();
    }
  };

  /** Everything again, now that nobody else can change one of the two. */
  const mustHold = async (tx: Sql, offered: OfferedMerge, etag: string): Promise<ExaminedMerge> => {
    await mustStillBeLive(sessions, tx, offered.session, clock.now());
    const into = await identities.find(tx, offered.session.identityId);
    if (into === undefined) throw sessionOver();
    const examined = await examine(tx, offered, into);
    if (examined === undefined || offered.record.expiresAt <= clock.now()) throw nothingOffered();
    if (examined.etag !== etag)
      throw serviceError("ETAG_MISMATCH", {
        field: "etag",
        explain: "One of the accounts has changed since this etag was read.",
      });
    if (examined.refusals.length > 0) throw refusedBecause(examined.refusals);
    return examined;
  };

  const addressesOf = ({ after, from }: Pick<ExaminedMerge, "after" | "from">) => [
    ...new Map(
      [...recipientsOfAccount(after), ...recipientsOfAccount(from)].map((each) => [each.recipient, each]),
    ).values(),
  ];

  /**
   * To the addresses of both: those of the one that is gone belong to who has the other one now.
   *
   * @throws RATE_LIMITED the owner of one of them would not be notified
   */
  const notify = async (tx: Sql, examined: ExaminedMerge, call: Call): Promise<void> => {
    const reached = await owners.queue(tx, addressesOf(examined), {
      template: "account_merged",
      data: {},
      identity: examined.after,
      call,
      lifespan: NOTICE_MS,
    });
    for (const identity of [examined.from, examined.into]) await owners.mustReach(tx, identity, reached);
  };

  /** Returns the event of what ends with it. */
  const write = async (tx: Sql, { after, change, from, into }: ExaminedMerge): Promise<EventContent | undefined> => {
    // What is unique becomes free first.
    await ends.erase(tx, from.id, { mergedInto: into.id });
    if (!(await identities.update(tx, into, after))) throw new Error("a person who is locked was changed");
    for (const credential of change.credentials ?? [])
      if (!(await identities.putSecret(tx, into.id, credential, clock.now())))
        throw new Error("a credential of a person who is locked was changed");
    // What the person signs in with has changed: nothing stands in for it any longer.
    return endRestingOnCredentials(ends, tx, into.id, { by: "owner" });
  };

  const merge = (offered: OfferedMerge, { etag }: ConfirmMergeRequest, { session }: Caller, call: Call) =>
    db.transaction(async (tx) => {
      await lockBoth(tx, offered);
      const examined = await mustHold(tx, offered, etag);
      if (!(await offers.consume(tx, offered))) throw nothingOffered();
      const untrusted = await write(tx, examined);
      const { from, into } = examined;
      const about = { identityId: into.id, sessionId: session.id, outcome: "done" } as const;
      await audit.record(tx, { ...about, type: "account.merged", detail: { subject: from.id } }, call);
      if (untrusted) await audit.record(tx, { ...about, ...untrusted }, call);
      await notify(tx, examined, call);
      return examined;
    });

  return async (request: ConfirmMergeRequest, caller: Caller, call: Call): Promise<ConfirmMergeResponse> => {
    const offered = await offers.find(db, caller.session);
    const seen = offered && (await examine(db, offered, caller.identity));
    if (offered === undefined || seen === undefined) throw nothingOffered();
    await owners.count(call, caller.identity.id, addressesOf(seen).length);
    try {
      const done = await merge(offered, request, caller, call);
      courier.wake();
      return { $typeName: "ostiary.account.v1.ConfirmMergeResponse", merge: renderMerge(done, offered) };
    } catch (error) {
      throw isDuplicate(error) ? refusedBecause(["conflict"]) : error;
    }
  };
};

const explained = {
  deletion_pending: "The deletion of one of the accounts was asked for: call it off first.",
  address_change_pending:
    "A change of an address of one of the accounts can still be undone: it can be merged once that time is over.",
  organization: "The accounts belong to different organizations.",
  no_first_factor: "Nobody could sign in to the account that stays: set up something to sign in with first.",
  conflict: "A part that would be transferred belongs to a third account.",
} as const;

const refusedBecause = (refusals: readonly (keyof typeof explained)[]): ServiceError =>
  serviceError("MERGE_REFUSED", {
    explain: refusals.map((each) => explained[each]).join(" "),
    details: { refusals },
    typed: [detail(MergeRefusedSchema, create(MergeRefusedSchema, { refusals: [...refusals] }))],
  });
