import type { JsonObject } from "@bufbuild/protobuf";
import { type SentSecret, sentSecretFromJson, sentSecretToJson } from "../../challenge/sent-secret.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { SealedContext } from "../shared/sealed-context.ts";

/** The context of the flow with the secret that was sent last. */
export const sealSent = (
  sealedContext: SealedContext,
  flow: Pick<FlowRecord, "id" | "context">,
  method: string,
  sent: SentSecret,
): JsonObject => sealedContext.seal(flow, method, sentSecretToJson(sent));

/** The secret that was sent last; undefined where none was. */
export const openSent = (
  sealedContext: SealedContext,
  flow: Pick<FlowRecord, "id" | "context">,
  method: string,
): SentSecret | undefined => {
  const sealed = sealedContext.open(flow, method);
  return sealed && sentSecretFromJson(sealed);
};
