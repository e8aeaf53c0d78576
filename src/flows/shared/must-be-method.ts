import { type ServiceError, serviceError } from "../../errors/service-error.ts";

/** The refusal of a method that the configuration disables, or that a flow does not have. */
export const methodDisabled = (name: string): ServiceError =>
  serviceError("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });

/** The method of a name among those of a flow. @throws METHOD_DISABLED */
export const mustBeMethod = <M extends { readonly enabled: boolean }>(
  methods: Readonly<Record<string, M | undefined>>,
  name: string,
): M => {
  const method = methods[name];
  if (!method?.enabled) throw methodDisabled(name);
  return method;
};
