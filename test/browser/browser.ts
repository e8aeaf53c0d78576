import { existsSync } from "node:fs";
import path from "node:path";
import { type BrowserContext, type Browser as Chromium, chromium, type Page } from "playwright-core";

/*
 * A real browser for the tests of the pages: the machine's Chromium, or its headless shell, which is the same without
 * windows and takes half the time. Scripts are switched off unless a test wants them, and cookies, storage and cache of
 * its own go when the test is over. One process of it serves all test files of a worker, because starting one takes
 * about as long as a test.
 */

const whole = ["chromium", "chromium-browser", "google-chrome"];

/** The one that CHROMIUM names, or the first that scripts/install-browser would be content with. */
const findChromium = (): string => {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  for (const name of [process.env.CHROMIUM || "chromium-headless-shell", ...whole]) {
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

/** Milliseconds after which a process that nobody has a browser of is ended. */
const IDLE = 20_000;

interface Running {
  readonly process: Chromium;
  /** How many browsers are open in it. */
  open: number;
  ending?: NodeJS.Timeout | undefined;
}
let launched: Promise<Running> | undefined;

const launch = async (): Promise<Running> => {
  const process = await chromium.launch({ executablePath: findChromium(), headless: true, args: quietly });
  process.on("disconnected", () => {
    launched = undefined;
  });
  return { process, open: 0 };
};

/** Opens a context in the process that runs, or in a new one. */
const openContext = async (options: BrowserOptions): Promise<BrowserContext> => {
  launched ??= launch();
  const running = await launched;
  clearTimeout(running.ending);
  running.open++;
  const context = await running.process.newContext(options);
  context.on("close", () => {
    running.open--;
    if (running.open > 0) return;
    running.ending = setTimeout(() => running.process.close(), IDLE).unref();
  });
  return context;
};

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
  const context = await openContext({ javaScriptEnabled, locale, timezoneId });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return {
    page,
    context,
    complaints,
    close: () => context.close(),
  };
};
