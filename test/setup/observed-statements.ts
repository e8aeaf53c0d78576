/* Which statements the servers of a test file sent, but for BEGIN and COMMIT. */

const seen = new Set<string>();

/** Takes a statement as it is sent. */
export const observeStatement = (sql: string): void => {
  seen.add(sql);
};

/** What was observed in this test file so far. */
export const observedStatements = (): readonly string[] => [...seen];
