import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

/*
 * A real browser for the tests of the pages: the machine's Chromium,
 * with scripts switched off unless a test wants them, and with a profile of its own that goes when the test
 * is over.
 */

/** The one that CHROMIUM names, or the first that scripts/install-browser would be content with. */
const findChromium = (): string => {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  for (const name of [process.env.CHROMIUM || "chromium", "chromium-browser", "google-chrome"]) {
    const found = [name, ...folders.map((folder) => path.join(folder, name))].find(
      (file) => path.isAbsolute(file) && existsSync(file),
    );
    if (found !== undefined) return found;
  }
  throw new Error("there is no Chromium on this machine; scripts/install-browser gets one");
};

const quietly = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** One person's browser. */
export interface Browser {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser complained about, blocked content above all. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** What a browser is opened with. */
export interface BrowserOptions {
  readonly javaScriptEnabled?: boolean;
  /** What it asks for in `Accept-Language`. */
  readonly locale?: string;
  readonly timezoneId?: string;
}

/** Opens a browser that has never been anywhere; without scripts unless they are wanted. */
export const openBrowser = async ({
  javaScriptEnabled = false,
  locale = "en",
  timezoneId = "UTC",
}: BrowserOptions = {}): Promise<Browser> => {
  const profile = mkdtempSync(path.join(tmpdir(), "browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    headless: true,
    javaScriptEnabled,
    locale,
    timezoneId,
    args: quietly,
  });
  context.setDefaultTimeout(15_000);
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return {
    page,
    context,
    complaints,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
};
