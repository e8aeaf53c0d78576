import { type Client, createRegistration, type Registration, type RegistrationFlow } from "@ostiary/client";
import { useMemo } from "react";
import { type FlowOptions, type FlowState, useFlow } from "./use-flow.ts";

/** What a submit of a registration flow answers. */
export type SignedUp = Extract<Awaited<ReturnType<Registration["submit"]>>, { readonly ok: true }>["value"];

/** What a new registration flow is created with. */
type Create = NonNullable<Parameters<Registration["create"]>[0]>;

/** Signs a person up. */
export const useRegistration = (
  client: Client,
  options: FlowOptions<RegistrationFlow, SignedUp, Create> = {},
): FlowState<RegistrationFlow> => {
  const registration = useMemo(() => createRegistration(client), [client]);
  return useFlow<RegistrationFlow, SignedUp, Create>(registration, options);
};
