/**
 * Splits the text of a migration into its statements: at each `;` that stands
 * outside quotes and comments. Comments are dropped, so that rewording one does
 * not change what was applied.
 */
export const splitStatements = (sql: string): readonly string[] => {
  const statements: string[] = [];
  let current = "";
  // In turn: quoted text, a comment to the end of the line, a block comment, the end of a statement, anything else.
  for (const [part] of sql.matchAll(
    /(['"`])(?:\\.|\1\1|(?!\1)[^\\])*\1|(?:--(?=\s|$)|#)[^\n]*|\/\*(?!!)[\s\S]*?\*\/|;|[^'"`\-#/;]+|[\s\S]/g,
  )) {
    if (part === ";") {
      if (current.trim() !== "") statements.push(current.trim());
      current = "";
    } else if (part.startsWith("--") || part.startsWith("#") || (part.startsWith("/*") && !part.startsWith("/*!"))) {
      current += " ";
    } else {
      current += part;
    }
  }
  if (current.trim() !== "") statements.push(current.trim());
  return statements;
};
