import axe from "axe-core";
import type { Page } from "playwright-core";

/** Holds a page against WCAG 2.2 AA with axe; gives what it breaks, each with where. */
export const findViolations = async (page: Page): Promise<readonly string[]> => {
  // By the debugger, which no content policy keeps out.
  await page.evaluate(axe.source);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await page.evaluate<readonly Violation[]>(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations)`,
  );
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
};

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}
