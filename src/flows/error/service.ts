import type { JsonObject } from "@bufbuild/protobuf";
import { ErrorService } from "../../../gen/ostiary/errors/v1/error_service_pb.ts";
import type { Database } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import { errorTable } from "../../errors/table.ts";
import type { Clock } from "../../lib/clock.ts";
import { uuid4 } from "../../lib/ids.ts";
import { defineService } from "../../lib/service.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { FlowErrorStore } from "./store.ts";

/*
 * Errors that a browser was sent to the error page with: stored for a day, read
 * by id. What is stored is what REST would have answered, nothing more.
 */

/** What the RPC about errors needs. */
export interface ErrorDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly csrf: Csrf;
  readonly errors: FlowErrorStore;
}

/** Answers `stub:500`: something to build an error page with. */
const stub: JsonObject = {
  code: 500,
  status: "Internal Server Error",
  reason: "This is a stub error.",
  message: errorTable.INTERNAL.message,
};

/** Creates the ErrorService. */
export const createErrorService = ({ db, clock, csrf, errors }: ErrorDeps) =>
  defineService(ErrorService, {
    getFlowError: {
      run: async (request, call) => {
        csrf.ensure(call);
        const id = request.id || request.error;
        const now = clock.now();
        const found = id === "stub:500" ? { id: uuid4(), error: stub, createdAt: now } : await errors.find(db, id, now);
        if (found === undefined) throw serviceError("NOT_FOUND");
        const at = timestamp(found.createdAt);
        return {
          $typeName: "ostiary.errors.v1.GetFlowErrorResponse",
          flowError: {
            $typeName: "ostiary.errors.v1.FlowError",
            id: found.id,
            error: found.error,
            createdAt: at,
            updatedAt: at,
          },
        };
      },
    },
  });
