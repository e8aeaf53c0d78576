import { type Client, createLogin, type Login, type LoginFlow } from "@ostiary/client";
import { useMemo } from "react";
import { type FlowOptions, type FlowState, useFlow } from "./use-flow.ts";

/** What a submit of a login flow answers. */
export type SignedIn = Extract<Awaited<ReturnType<Login["submit"]>>, { readonly ok: true }>["value"];

/** What a new login flow is created with. */
type Create = NonNullable<Parameters<Login["create"]>[0]>;

/** Signs a person in, or again: `{ create: { refresh: true } }`, `{ create: { aal: "aal2" } }`. */
export const useLogin = (
  client: Client,
  options: FlowOptions<LoginFlow, SignedIn, Create> = {},
): FlowState<LoginFlow> => {
  const login = useMemo(() => createLogin(client), [client]);
  return useFlow<LoginFlow, SignedIn, Create>(login, options);
};
