import type { DescMethod, DescMethodServerStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import type { Procedure, ReceivingProcedure, SendingProcedure } from "../lib/call.ts";
import type { Intake } from "../lib/intake.ts";
import type { Rpc, ServiceDefinition } from "../lib/service.ts";
import { createAccessCheck } from "./access-check.ts";
import type { BoundReceiving } from "./connect/receiving.ts";
import type { BoundSending } from "./connect/sending.ts";
import type { BoundRpc } from "./connect/unary.ts";
import { createIntake, type IntakeDeps } from "./intake.ts";
import { createProcedure, type ProcedureDeps } from "./procedure.ts";
import { createReceivingProcedure } from "./receiving-procedure.ts";
import { rpcName } from "./rpc-name.ts";
import { createSendingProcedure } from "./sending-procedure.ts";

/** RPCs by what they are. */
interface Bound<T> {
  readonly all: readonly T[];
  /** @throws Error for one that is not among them */
  readonly of: (method: DescMethod) => T;
}

/** What RPCs are bound with. */
export interface BindDeps {
  readonly procedures: ProcedureDeps;
  readonly intakes: IntakeDeps;
}

/**
 * Wraps each RPC once into its procedure, with the intake of its messages.
 *
 * @throws Error for one without implementation
 */
export const bindRpcs = (services: readonly ServiceDefinition[], deps: BindDeps) => {
  const bound: BoundRpc[] = [];
  const receiving: BoundReceiving[] = [];
  const sending: BoundSending[] = [];
  for (const { service, rpcs } of services) {
    for (const method of service.methods) {
      const rpc = rpcs[method.localName];
      const intakeOf = (sites: Pick<Rpc<DescMethod>, "anySite" | "signsIn"> = {}): Intake =>
        createIntake({
          method,
          mustBeAllowed: createAccessCheck({
            method,
            anySite: sites.anySite,
            signsIn: sites.signsIn,
            ...deps.procedures,
          }),
          deps: deps.intakes,
        });
      if (rpc !== undefined && "run" in rpc && isUnary(method))
        bound.push({
          method,
          procedure: createProcedure({ method, ...rpc, deps: deps.procedures }) as Procedure,
          intake: intakeOf(rpc),
        });
      else if (rpc !== undefined && "receive" in rpc && method.methodKind === "client_streaming")
        receiving.push({
          method,
          procedure: createReceivingProcedure({
            method,
            receive: rpc.receive,
            deps: deps.procedures,
          }) as ReceivingProcedure,
          merge: rpc.merge,
          intake: intakeOf(),
        });
      else if (rpc !== undefined && "send" in rpc && isSending(method))
        sending.push({
          method,
          procedure: createSendingProcedure({ method, send: rpc.send, deps: deps.procedures }) as SendingProcedure,
          mustBeAllowed: createAccessCheck({ method, ...deps.procedures }),
        });
      else throw new Error(`${rpcName(method)} has no implementation`);
    }
  }
  return { bound: byMethod(bound), receiving: byMethod(receiving), sending: byMethod(sending) };
};

const byMethod = <T extends { readonly method: DescMethod }>(all: readonly T[]): Bound<T> => {
  const byName = new Map(all.map((one) => [rpcName(one.method), one]));
  return {
    all,
    of: (method) => {
      const one = byName.get(rpcName(method));
      if (one === undefined) throw new Error(`${rpcName(method)} has no procedure`);
      return one;
    },
  };
};

const isSending = (method: DescMethod): method is DescMethodServerStreaming => method.methodKind === "server_streaming";

const isUnary = (method: DescMethod): method is DescMethodUnary => method.methodKind === "unary";
