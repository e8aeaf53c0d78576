import type {
  AcceptInvitationRequest,
  AcceptInvitationResponse,
} from "../../../gen/ostiary/account/v1/invitation_service_pb.ts";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import { type FlowRecord, returnToContext } from "../../flows/shared/flow.ts";
import { withQuery } from "../../flows/shared/urls.ts";
import { apply } from "../../identity/apply.ts";
import { ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import { type Attempted, inTransaction, type Try } from "../../identity/conflict-retry.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Invitation } from "../../identity/invitations.ts";
import { hasAddress } from "../../identity/same-address.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Issued } from "../../session/issue.ts";
import { signInBrowser } from "../../session/sign-in-browser.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { AcceptDeps } from "./deps.ts";

/** What opening the link of a message proves: as much as its code would. */
const amr = { method: "link", aal: "aal1" } as const;

/** An invitation as it was accepted. */
interface Accepted {
  readonly issued: Issued;
  readonly flow: FlowRecord;
}

/**
 * Creates AcceptInvitation, by the link of an invitation. In one transaction the address counts as verified, the
 * invitation as accepted, and a session begins with a settings flow, where the person sets what they sign in with. Who
 * comes by a flow instead accepts it there (flows/shared/accept-invitation.ts).
 */
export const createAccept = (deps: AcceptDeps) => {
  const {
    acceptUrl,
    audit,
    storage: { clock, conflictRetry, db, identities, invitations },
    settingsSignIn: {
      sessions,
      settings,
      destinations: { urls },
    },
  } = deps;

  /** A browser form is redirected to the page, which says so in words for people. */
  const invalidToken = (): ServiceError =>
    serviceError("NOT_FOUND", {
      field: "token",
      explain: "This invitation is not valid: it was accepted, has expired, was revoked or replaced, or is unknown.",
      location: withQuery(acceptUrl, { over: "true" }),
    });

  /** @throws NOT_FOUND */
  const attempt = async (
    token: string,
    type: FlowRecord["type"],
    call: Call,
    { sql }: Try,
  ): Promise<Attempted<Accepted>> => {
    const invitation = await invitations.findByToken(sql, token);
    const before = invitation && (await identities.find(sql, invitation.identityId));
    if (invitation === undefined || before === undefined || !mayAccept(before, invitation)) throw invalidToken();
    const { via, address, returnTo } = invitation;
    try {
      const accepted = await inTransaction(sql, db, async (tx): Promise<Accepted> => {
        const now = clock.now();
        const after = apply(before, { verified: [{ via, value: address }] }, { now, newId: uuid4 });
        if (!(await identities.update(tx, before, after))) throw new ConcurrentChangeError("the identity");
        if (!(await invitations.accept(tx, before.id, token))) throw invalidToken();
        const issued = await sessions.issuer.begin(tx, after, [amr], call);
        const flow = await settings.create(
          tx,
          after,
          {
            type,
            requestUrl: withQuery(urls.init("settings", type), { return_to: returnTo }),
            context: returnToContext(returnTo),
          },
          uiText(messages.invited),
        );
        const event = { type: "invitation.accepted", outcome: "done", detail: { via } } as const;
        await audit.record(tx, { identityId: after.id, sessionId: issued.session.id, ...event }, call);
        return { issued, flow };
      });
      return { kind: "done", render: async () => accepted };
    } catch (error) {
      if (error instanceof ConcurrentChangeError) return { ...concurrentChange, identityId: before.id };
      throw error;
    }
  };

  return async ({ token, flowType }: AcceptInvitationRequest, call: Call): Promise<AcceptInvitationResponse> => {
    const type = flowType === FlowType.API ? "api" : "browser";
    const { issued, flow } = await conflictRetry.run((tried) => attempt(token, type, call, tried));
    if (type === "browser") signInBrowser(sessions, call, issued, { now: clock.now() });
    return {
      $typeName: "ostiary.account.v1.AcceptInvitationResponse",
      settingsFlow: flow.id,
      sessionToken: type === "browser" ? "" : issued.token,
      redirectBrowserTo: type === "browser" ? urls.page("settings", flow.id) : "",
    };
  };
};

/** Whether the person is active and still has the address: one that somebody else may have by now signs nobody in. */
const mayAccept = ({ state, verifiable }: IdentityRecord, { via, address }: Invitation): boolean =>
  state === "active" && hasAddress(verifiable, { via, value: address });
