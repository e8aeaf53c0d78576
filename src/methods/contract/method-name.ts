/** The name of a method, as configuration and clients have it, by the case that the generated code gives it. */
export type MethodName<Case> = Case extends `${infer Head}Secret`
  ? `${Head}_secret`
  : Case extends `${infer Head}First`
    ? `${Head}_first`
    : Case;

/** Returns the name of a method by its case: `lookup_secret` of `lookupSecret`. */
export const methodName = <Case extends string>(name: Case): MethodName<Case> =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) as MethodName<Case>;
