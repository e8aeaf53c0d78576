/** Everything that an operator can be allowed. Each is a scope of an API key or a client certificate. */
export const scopes = [
  "identities.read",
  "identities.write",
  "identities.credentials",
  "sessions.read",
  "sessions.write",
  "recovery.write",
  "courier.read",
  "events.read",
  "events.write",
  "metrics.read",
] as const;

/** Who calls the admin port, as far as its lock has found out. */
export interface Operator {
  /** For the log: the id of an API key, the name in a certificate, or how the caller was let in. */
  readonly name: string;
  readonly scopes: readonly string[];
}

/** Let in as somebody, or why not. */
export type Admission = { readonly operator: Operator } | { readonly refused: Error };

/** The name of the operator who calls; undefined for whoever was not let in. */
export const operatorName = (admission: Admission | undefined): string | undefined =>
  admission !== undefined && "operator" in admission ? admission.operator.name : undefined;

/** Whether a text is a scope: one of the list, all of a group (`sessions.*`), or `*` for everything. */
export const isScope = (text: string): boolean =>
  text === "*" || scopes.some((scope) => scope === text || text === `${scope.split(".", 1)[0]}.*`);

/** Whether an operator has a scope, by itself or by its group. */
export const hasScope = ({ scopes: held }: Operator, scope: string): boolean =>
  held.some((one) => one === "*" || one === scope || one === `${scope.split(".", 1)[0]}.*`);
