import axe from "axe-core";
import type { Page } from "playwright-core";

/** Holds a page against WCAG 2.2 AA with axe; gives what it breaks, each with where. */
export const findViolations = async (page: Page): Promise<readonly string[]> => {
  // By the debugger, which no content policy keeps out.
  await page.evaluate(axe.source);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  return await page.evaluate<readonly string[]>(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)}, elementRef: true }).then(({ violations }) => ` +
      `(${describe})(violations))`,
  );
};

/*
 * How far an open menu covers what lies below it depends on the length of the person's address, which is random here.
 * Closing the menu uncovers it, so that only the sizes of what the menu itself holds count while it is open.
 */
const describe = `(violations) => {
  const menu = document.querySelector("details.menu[open]");
  const counts = (id) => (node) => id !== "target-size" || menu === null || menu.contains(node.element);
  return violations.flatMap(({ id, nodes }) =>
    nodes.filter(counts(id)).map(({ html, failureSummary }) => id + ": " + html + " " + failureSummary));
}`;
