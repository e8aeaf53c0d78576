/* Which statements the servers of a test file sent, but for BEGIN and COMMIT. */

const seen = new Set<string>();

/** Takes a statement as it is sent. */
export const observeStatement = (sql: string): void => {
  seen.add(sql);
};

/** What was observed since the last call. */
export const takeObservedStatements = (): readonly string[] => {
  const observed = [...seen];
  seen.clear();
  return observed;
};
