import { create } from "@bufbuild/protobuf";
import {
  type ImportError,
  type ImportIdentitiesRequest,
  type ImportIdentitiesResponse,
  ImportIdentitiesResponseSchema,
  type ImportResult,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import { errorTable } from "../../errors/table.ts";
import { findIds } from "../../identity/insert-identities.ts";
import type { Call, Received } from "../../lib/call.ts";
import { inBatches } from "../../lib/in-batches.ts";
import { someAtOnce } from "../../lib/some-at-once.ts";
import { workAhead } from "../../lib/work-ahead.ts";
import type { Prepare, PreparedIdentity } from "./create.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { describeFailure } from "./describe-failure.ts";
import { importedId } from "./import-id.ts";
import { createWriteMany } from "./write-many.ts";

/** Those that are written in one transaction. */
const BATCH = { entries: 256, bytes: 1_048_576, wait: 50 };
/** How many are prepared at once: each may have a password to hash. */
const AT_ONCE = 8;
/** Batches that are worked on at once: one is prepared while the one before is written. */
const BATCHES_AT_ONCE = 2;
/** Results of a call that is answered at once. */
const MOST_RESULTS = 10_000;
/** Characters of a reason: ten thousand of them fit an answer of four megabytes. */
const LONGEST_REASON = 200;
/** Seconds that hashing may have too much to do before an import is aborted. */
const MOST_SECONDS = 60;

/** A message with its number in the stream, from 0. */
interface Numbered {
  readonly index: number;
  readonly received: Exclude<Received<ImportIdentitiesRequest>, { readonly kind: "blank" }>;
}

/** What the first message says of all. */
interface Import {
  readonly id: string;
  readonly firstLine: number;
  /** Whether nothing is written. */
  readonly validateOnly: boolean;
}

/** What is to be done with a line. */
type Line =
  | { readonly kind: "done"; readonly result: Omit<ImportResult, "$typeName"> }
  | { readonly kind: "write"; readonly line: number; readonly made: PreparedIdentity };

/** Imports identities: however many there are, a few batches of them are held at once. */
export const createImport = (deps: IdentityAdminDeps, prepare: Prepare) => {
  const { write: writeMany, validate } = createWriteMany(deps);

  /** Tries again each second while the server has too much to do. */
  const retryWhileBusy = async (
    work: () => Promise<PreparedIdentity>,
    signal: AbortSignal,
  ): Promise<PreparedIdentity> => {
    for (let seconds = 0; ; seconds++) {
      try {
        return await work();
      } catch (error) {
        const isBusy = error instanceof ServiceError && error.row === errorTable.OVERLOADED;
        if (!isBusy || seconds >= MOST_SECONDS) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      signal.throwIfAborted();
    }
  };

  /** Checks and hashes; throws what is nobody's mistake. */
  const prepareLine = async (
    { received }: Numbered,
    line: number,
    id: string | undefined,
    signal: AbortSignal,
  ): Promise<Line> => {
    try {
      if (received.kind === "unusable") throw received.error;
      const { create: given } = received.message;
      if (given === undefined) throw serviceError("INVALID_FIELD", { field: "create", explain: "create is missing." });
      return { kind: "write", line, made: await retryWhileBusy(() => prepare(given, id), signal) };
    } catch (error) {
      if (!(error instanceof ServiceError) || error.row.status >= 500) throw error;
      return { kind: "done", result: { line, action: "error", error: renderError(error) } };
    }
  };

  const prepareBatch = async (batch: readonly Numbered[], of: Import, call: Call): Promise<readonly Line[]> => {
    const ids = batch.map(({ index, received }) => {
      const given = received.kind === "message" ? received.message.create : undefined;
      return of.id === "" || given === undefined ? undefined : importedId(of.id, of.firstLine + index, given);
    });
    const there = await findIds(
      deps.storage.db,
      ids.filter((id) => id !== undefined),
    );
    const named = batch.map((one, at) => ({ one, id: ids[at], line: of.firstLine + one.index }));
    return someAtOnce(named, { atOnce: AT_ONCE, signal: call.signal }, async ({ one, id, line }) =>
      id !== undefined && there.has(id)
        ? { kind: "done", result: { line, action: "exists", identity: id } }
        : await prepareLine(one, line, id, call.signal),
    );
  };

  const writeBatch = async (lines: readonly Line[], of: Import, call: Call): Promise<ImportIdentitiesResponse> => {
    const people = lines.flatMap((one) => (one.kind === "write" ? [one.made] : []));
    const written = await (of.validateOnly ? validate(people) : writeMany(people, call));
    let next = 0;
    const results = lines.map((one): Omit<ImportResult, "$typeName"> => {
      if (one.kind === "done") return one.result;
      const { line, made } = one;
      const outcome = written[next++];
      if (outcome?.kind === "refused") return { line, action: "error", error: renderError(outcome.error) };
      const action = outcome?.kind === "exists" ? "exists" : "create";
      return { line, action, ...((action === "exists" || !of.validateOnly) && { identity: made.identity.id }) };
    });
    const count = (action: string) => results.filter((result) => result.action === action).length;
    return create(ImportIdentitiesResponseSchema, {
      results: results.map((result) => ({ ...result, $typeName: "ostiary.identity.v1.ImportResult" as const })),
      created: count("create"),
      existing: count("exists"),
      failed: count("error"),
    });
  };

  /** Begins with a batch, when the one before has been written. */
  const createWork = (call: Call) => {
    let of: Import | undefined;
    let before: Promise<unknown> = Promise.resolve();
    return (batch: readonly Numbered[]): Promise<ImportIdentitiesResponse> => {
      call.signal.throwIfAborted();
      of ??= importOf(batch);
      const importing = of ?? unnamed;
      const prepared = prepareBatch(batch, importing, call);
      // One after the other: of two lines that claim the same, the first is written.
      const previous = before;
      const answer = prepared.then(async (lines) => {
        await previous;
        call.signal.throwIfAborted();
        return writeBatch(lines, importing, call);
      });
      answer.catch(() => undefined);
      before = answer;
      return answer;
    };
  };

  const receive = (
    requests: AsyncIterable<Received<ImportIdentitiesRequest>>,
    call: Call,
  ): AsyncGenerator<ImportIdentitiesResponse> =>
    workAhead(inBatches(numbered(requests), bytesOf, BATCH), createWork(call), BATCHES_AT_ONCE);

  return {
    receive,

    merge: (sum: ImportIdentitiesResponse | undefined, part: ImportIdentitiesResponse): ImportIdentitiesResponse =>
      sum === undefined
        ? create(ImportIdentitiesResponseSchema, part)
        : {
            ...sum,
            results: append(sum.results, part.results),
            created: sum.created + part.created,
            existing: sum.existing + part.existing,
            failed: sum.failed + part.failed,
          },
  };
};

const unnamed: Import = { id: "", firstLine: 1, validateOnly: false };

/** What the first message that could be read says; undefined: none could be. */
const importOf = (batch: readonly Numbered[]): Import | undefined => {
  const first = batch.find(({ received }) => received.message !== undefined)?.received.message;
  return first && { id: first.importId, firstLine: first.firstLine || 1, validateOnly: first.validateOnly };
};

async function* numbered(requests: AsyncIterable<Received<ImportIdentitiesRequest>>): AsyncGenerator<Numbered> {
  let index = 0;
  for await (const received of requests) {
    if (received.kind !== "blank") yield { index, received };
    index += 1;
  }
}

const bytesOf = ({ received }: Numbered): number => (received.kind === "message" ? received.bytes : 0);

/** As many as an answer takes. */
const append = (results: ImportResult[], more: readonly ImportResult[]): ImportResult[] => {
  results.push(...more.slice(0, Math.max(0, MOST_RESULTS - results.length)));
  return results;
};

const renderError = (error: ServiceError): ImportError => {
  const { reason, ...failure } = describeFailure(error);
  const { field } = error.parts;
  return {
    $typeName: "ostiary.identity.v1.ImportError",
    ...failure,
    ...(reason !== undefined && { reason: reason.slice(0, LONGEST_REASON) }),
    ...(field !== undefined && { field }),
  };
};
