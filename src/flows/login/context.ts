import type { JsonObject } from "@bufbuild/protobuf";
import type { SelfServiceConfig } from "../../config/config.ts";
import type { FlowRecord } from "../shared/flow.ts";

/** What a login flow is begun for. */
export interface LoginPurpose {
  /** A signed-in person authenticates again. */
  readonly refresh: boolean;
  readonly requestedAal: 1 | 2;
  /** The trait whose address gets a code; empty: the person chooses. */
  readonly via: string;
}

/** What a login flow stores between requests. */
export interface LoginContext extends LoginPurpose {
  /** In two steps: whether the form asks who it is, or for a credential already. */
  readonly step: "identifier" | "credentials";
  /** In the second of two steps: what each method shows, by its name. */
  readonly offers: JsonObject | undefined;
}

/** Reads the context of a login flow. */
export const loginContext = ({ context }: FlowRecord): LoginContext => ({
  refresh: context.refresh === true,
  requestedAal: context.requested_aal === 2 ? 2 : 1,
  via: typeof context.via === "string" ? context.via : "",
  step: context.step === "identifier" ? "identifier" : "credentials",
  offers: context.offers as JsonObject | undefined,
});

/** Makes the context of a login flow that has just begun. */
export const writeLoginContext = ({
  refresh,
  requestedAal,
  via,
  step,
}: LoginPurpose & Pick<LoginContext, "step">): JsonObject => ({
  refresh,
  requested_aal: requestedAal,
  step,
  ...(via !== "" && { via }),
});

/** The step that a flow begins with. Who is signed in is known already. */
export const firstStep = (
  { style }: SelfServiceConfig["flows"]["login"],
  { refresh, requestedAal }: LoginPurpose,
): LoginContext["step"] =>
  style === "identifier_first" && !refresh && requestedAal === 1 ? "identifier" : "credentials";
