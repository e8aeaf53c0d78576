import type {
  ListIdentitiesRequest,
  ListIdentitiesResponse,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { mustBeUuid } from "../../errors/must-be-uuid.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Page } from "../../identity/directory.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { cutPage } from "../../lib/cut-page.ts";
import { normaliseIdentifier, spellingsOf } from "../../schema/normalise.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { createPageTokens } from "./page-token.ts";
import { mustReveal } from "./read.ts";
import { createAdminRenderer } from "./render.ts";

const DEFAULT_PAGE = 250;
const LARGEST_PAGE = 500;
/** How far the older way to page reaches: each page is counted from the start. */
const FARTHEST = 1_000;

/** Lists identities. */
export const createList = ({ storage: { db, directory }, credentials, pages, schemas }: IdentityAdminDeps) => {
  const render = createAdminRenderer(credentials.kinds);
  const tokens = createPageTokens(pages);
  const types = credentials.kinds.map(({ type }) => type);

  const find = (request: ListIdentitiesRequest, page: Page): Promise<readonly IdentityRecord[]> => {
    const { ids, credentialsIdentifier, previewCredentialsIdentifierSimilar, organizationId } = request;
    if (ids.length > 0) return directory.byIds(db, [...new Set(ids.map((id) => mustBeUuid(id, "ids")))], page);
    if (credentialsIdentifier !== "") {
      return directory
        .byIdentifier(db, types, spellingsOf(credentialsIdentifier))
        .then((found) => found.filter(({ id }) => page.after === undefined || id > page.after).slice(0, page.limit));
    }
    if (previewCredentialsIdentifierSimilar !== "")
      return directory.byIdentifierPrefix(db, normaliseIdentifier(previewCredentialsIdentifierSimilar), page);
    if (organizationId !== "") return directory.byOrganization(db, mustBeUuid(organizationId, "organization_id"), page);
    return directory.all(db, page);
  };

  return async (request: ListIdentitiesRequest, call: Call): Promise<ListIdentitiesResponse> => {
    mustHaveOneFilter(request);
    const reveal = mustReveal(request.includeCredential, credentials.kinds, call);
    const size = Math.min(LARGEST_PAGE, request.pageSize || request.perPage || DEFAULT_PAGE);
    const after = tokens.read(request.pageToken);
    const byNumber = request.pageToken === "" && request.page !== undefined;
    const offset = byNumber ? (Math.max(1, request.page ?? 1) - 1) * size : 0;
    if (offset + size > FARTHEST)
      throw serviceError("INVALID_FIELD", {
        field: "page",
        explain: `Pages by number reach as far as the first ${FARTHEST} identities: use page_token.`,
      });
    const found = await find(request, { after, limit: size + 1, offset });
    const { page, nextPageToken } = cutPage(found, size, ({ id }) => tokens.write(id));
    // Credentials that somebody was found by are shown without being asked for.
    const { credentialsIdentifier, previewCredentialsIdentifierSimilar: similar } = request;
    const withCredentials = reveal.length > 0 || credentialsIdentifier !== "" || similar !== "";
    const stored = withCredentials
      ? await directory.credentialsOf(
          db,
          page.map(({ id }) => id),
        )
      : undefined;
    if (byNumber) {
      const total = credentialsIdentifier === "" ? await directory.count(db) : found.length;
      call.reply.headers.set("x-total-count", String(total));
    }
    return {
      $typeName: "ostiary.identity.v1.ListIdentitiesResponse",
      identities: page.map((record) =>
        render(record, schemas.urlOf(record.schemaId), {
          credentials: stored && { stored: stored.get(record.id) ?? [], reveal },
        }),
      ),
      nextPageToken,
    };
  };
};

/** @throws INVALID_FIELD */
const mustHaveOneFilter = (request: ListIdentitiesRequest): void => {
  const filters = [
    request.ids.length > 0 && "ids",
    request.credentialsIdentifier !== "" && "credentials_identifier",
    request.previewCredentialsIdentifierSimilar !== "" && "preview_credentials_identifier_similar",
    request.organizationId !== "" && "organization_id",
  ].filter((name) => name !== false);
  const [, second] = filters;
  if (second !== undefined)
    throw serviceError("INVALID_FIELD", {
      field: second,
      explain: `Only one filter at a time: ${filters.join(", ")}.`,
    });
};
