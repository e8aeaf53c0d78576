import { type DescMethod, hasOption } from "@bufbuild/protobuf";
import { Access, access, limits as limitsOption } from "../../gen/ostiary/options/v1/options_pb.ts";
import { ServiceError, serviceError } from "../errors/service-error.ts";
import { errorTable } from "../errors/table.ts";
import type { Call } from "../lib/call.ts";
import type { Decompress, Intake } from "../lib/intake.ts";
import type { BodyBudget, BodyShare } from "./body-budget.ts";
import { inflationLimit } from "./decompress.ts";
import { dropRest } from "./drop-rest.ts";
import { optionOf } from "./option-of.ts";
import { overloaded } from "./overloaded.ts";
import { type Allowance, readBody, tooLarge } from "./read-body.ts";
import { readChunks } from "./read-chunks.ts";

/** Bytes of a message, decompressed. */
export interface MessageLimits {
  readonly withoutSession: number;
  readonly withSession: number;
}

/** What the intakes of all RPCs share. */
export interface IntakeDeps {
  readonly budget: BodyBudget;
  /** For RPCs that have no limits of their own. */
  readonly defaults: MessageLimits;
  readonly networkOf: (address: string) => string;
  readonly hasToken: (call: Call) => boolean;
  /** Whether the session that a call presents is live. It is looked up, so it is asked for large messages only. */
  readonly isLive: (call: Call) => Promise<boolean>;
}

/** What `createIntake` needs. */
export interface IntakeOptions {
  readonly method: DescMethod;
  readonly mustBeAllowed: (call: Call) => void;
  readonly deps: IntakeDeps;
}

/** The limits of an RPC: its own, or the configured ones. */
export const limitsOf = (method: DescMethod, defaults: MessageLimits): MessageLimits => {
  const own = hasOption(method, limitsOption) ? optionOf(method, limitsOption) : undefined;
  if (own === undefined || own.bytes === 0) return defaults;
  return { withoutSession: own.bytes, withSession: Math.max(own.bytes, own.bytesWithSession) };
};

/** How many times the usual number of values a message of an RPC may have. */
export const shapeTimes = (method: DescMethod): number =>
  hasOption(method, limitsOption) ? Math.max(1, optionOf(method, limitsOption).times) : 1;

/**
 * Creates the intake of an RPC. A caller may send what strangers may, until its
 * message turns out to be larger: only then its session is looked up, and only
 * a live one allows more. A session that is merely presented allows nothing.
 */
export const createIntake = ({ method, mustBeAllowed, deps }: IntakeOptions): Intake => {
  const { budget, defaults, networkOf, hasToken, isLive } = deps;
  const { withoutSession, withSession } = limitsOf(method, defaults);
  const needsSession = optionOf(method, access) === Access.SESSION;

  const allowanceOf = (call: Call): Allowance => {
    const allowance: Allowance = {
      bytes: call.port === "admin" ? withSession : withoutSession,
      widen: async () => {
        if (allowance.bytes >= withSession || !hasToken(call)) throw tooLarge(allowance.bytes);
        if (!(await isLive(call)))
          throw needsSession
            ? serviceError("SESSION_INACTIVE", { explain: "The session is over: sign in first." })
            : tooLarge(allowance.bytes);
        allowance.bytes = withSession;
      },
    };
    return allowance;
  };

  return {
    admits: (call) => {
      try {
        mustBeAllowed(call);
        return true;
      } catch {
        return false;
      }
    },
    read: async (request, call, room = 0) => {
      const allowance = allowanceOf(call);
      const { data, share } = await readBody(request, {
        allowance,
        budget,
        network: networkOf(call.remoteAddress),
        room,
      });
      return {
        data,
        limit: allowance.bytes,
        inflate: (packed, decompress) => inflate(packed, decompress, allowance, share),
        free: share.close,
      };
    },
    stream: (request, call) => {
      const { bytes: limit } = allowanceOf(call);
      // What is held is the message at hand, and how many are worked on is the business of the RPC.
      const share = budget.open(networkOf(call.remoteAddress), () => undefined);
      if (share?.grow(limit) !== true) {
        share?.close();
        dropRest(request);
        throw overloaded();
      }
      share.settle();
      return {
        chunks: readChunks(request),
        limit,
        inflate: (packed, decompress) => decompress(packed, inflationLimit(packed.length, limit)),
        free: share.close,
      };
    },
  };
};

/** Decompresses as far as a stranger may send, and once more as far as a session allows. */
const inflate = async (
  packed: Buffer,
  decompress: Decompress,
  allowance: Allowance,
  share: BodyShare,
): Promise<Buffer> => {
  const limit = inflationLimit(packed.length, allowance.bytes);
  if (!share.grow(limit)) throw overloaded();
  try {
    const inflated = await decompress(packed, limit);
    share.shrink(limit - inflated.length);
    return inflated;
  } catch (error) {
    share.shrink(limit);
    if (!(error instanceof ServiceError && error.row === errorTable.BODY_TOO_LARGE)) throw error;
    if (limit < allowance.bytes)
      throw serviceError("BODY_TOO_LARGE", { explain: "The compression ratio of the message exceeds the limit." });
    await allowance.widen();
    return inflate(packed, decompress, allowance, share);
  }
};
