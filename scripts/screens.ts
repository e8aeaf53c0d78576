import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { loadConfig } from "../src/config/load.ts";
import type { Raw } from "../src/config/tree.ts";
import { languages } from "../src/hosted/language.ts";
import { openBrowser } from "../test/browser/browser.ts";
import { accountScenes } from "./screens/account-scenes.ts";
import { factorScenes, withFactors } from "./screens/factor-scenes.ts";
import { newAnn, type Scene, scenes } from "./screens/scenes.ts";
import { startWorld, type World } from "./screens/world.ts";

/*
 * `make screens`: pictures of the pages that come with the server, made by a
 * real browser of a real server, into docs/screens.
 */

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    out: { type: "string", default: new URL("../docs/screens", import.meta.url).pathname },
    png: { type: "boolean", default: false },
  },
});

const widths = [390, 1280] as const;
const schemes = ["light", "dark"] as const;

/** Space around a part of a page, in pixels. */
const margin = 16;

/** What is shown: the page as far as a picture goes, or a part of it. */
const clipOf = async (page: Page, size: { readonly width: number; readonly height: number }, part?: string) => {
  const box = part === undefined ? null : await page.locator(part).boundingBox();
  if (box === null)
    return { x: 0, y: 0, width: page.viewportSize()?.width ?? size.width, height: Math.min(size.height, 2_400) };
  return {
    x: Math.max(0, box.x - margin),
    y: Math.max(0, box.y - margin),
    width: box.width + 2 * margin,
    height: box.height + 2 * margin,
  };
};

const shoot = async (page: Page, name: string, part?: string): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  const format = options.png ? ("png" as const) : ("webp" as const);
  const { cssContentSize } = (await session.send("Page.getLayoutMetrics")) as {
    readonly cssContentSize: { readonly width: number; readonly height: number };
  };
  const clip = { ...(await clipOf(page, cssContentSize, part)), scale: 1 };
  const { data } = await session.send("Page.captureScreenshot", {
    format,
    captureBeyondViewport: true,
    clip,
    ...(options.png ? {} : { quality: 50 }),
  });
  const file = path.join(options.out, `${name}.${format}`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, Buffer.from(data, "base64"));
  await session.detach();
};

/** What a scene is shown in. */
interface Showing {
  readonly language: string;
  readonly nameOf: (width: number, scheme: string) => string;
  readonly widths: readonly (typeof widths)[number][];
  readonly schemes: readonly (typeof schemes)[number][];
}

const show = async (world: World, scene: Scene, showing: Showing): Promise<void> => {
  const browser = await openBrowser({ javaScriptEnabled: true, locale: showing.language });
  const { page } = browser;
  try {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await scene.go(page, world, newAnn());
    for (const width of showing.widths) {
      await page.evaluate("scrollTo(0, 0)");
      await page.setViewportSize({ width, height: width < 500 ? 844 : 800 });
      for (const colorScheme of showing.schemes) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await shoot(page, showing.nameOf(width, colorScheme), scene.part);
      }
    }
  } finally {
    await browser.close();
  }
};

const themes = new URL("../examples/themes/", import.meta.url).pathname;
const companies = ["meridian", "pogo"] as const;
/** What is shown in every language, on a phone, and of every theme. */
const chosen = ["login", "settings"];
const isWanted = (name: string): boolean => options.only === undefined || options.only.split(",").includes(name);

/** Pictures side by side, for the page that shows them all. */
const rows: string[] = [];
const row = (title: string, ...names: readonly string[]): void => {
  rows.push(`## ${title}\n\n${names.map((name) => `![${name}](${name}.webp)`).join("\n")}\n`);
};

const world = await startWorld();
try {
  const showAll = async (all: readonly Scene[]): Promise<void> => {
    for (const scene of all.filter(({ name }) => isWanted(name))) {
      process.stderr.write(`${scene.name}\n`);
      const nameOf = (width: number, scheme: string) => `${scene.name}-${width}-${scheme}`;
      await show(world, scene, { language: "en", nameOf, widths, schemes });
      row(scene.name, ...widths.flatMap((width) => schemes.map((scheme) => nameOf(width, scheme))));
    }
  };
  await showAll([...scenes, ...accountScenes]);
  if (factorScenes.some(({ name }) => isWanted(name))) {
    await world.restart(withFactors(world.url));
    await showAll(factorScenes);
    await world.restart();
  }
  for (const { code, name } of languages.filter(({ code }) => code !== "en" && isWanted(code))) {
    process.stderr.write(`${name}\n`);
    for (const scene of scenes.filter(({ name: wanted }) => chosen.includes(wanted)))
      await show(world, scene, {
        language: code,
        nameOf: () => `${scene.name}-${code}`,
        widths: [390],
        schemes: ["light"],
      });
    row(name, ...chosen.map((scene) => `${scene}-${code}`));
  }
  for (const company of companies.filter(isWanted)) {
    process.stderr.write(`${company}\n`);
    const { config } = loadConfig({ files: [path.join(themes, company, "hosted.yml")], env: {} });
    await world.restart({ hosted: JSON.parse(JSON.stringify(config.hosted)) as Raw });
    const nameOf = (scene: string) => (width: number, scheme: string) => `${company}-${scene}-${width}-${scheme}`;
    for (const scene of scenes.filter(({ name }) => chosen.includes(name)))
      await show(world, scene, { language: "en", nameOf: nameOf(scene.name), widths, schemes });
    row(
      company,
      ...chosen.flatMap((scene) => widths.flatMap((width) => schemes.map((scheme) => nameOf(scene)(width, scheme)))),
    );
  }
  if (options.only === undefined && !options.png) {
    const head =
      "# The pages, in pictures\n\n`make screens` makes them of a real server with a real browser: every page " +
      "and state at 390 and 1280 pixels, light and dark.\n";
    writeFileSync(path.join(options.out, "README.md"), `${head}\n${rows.join("\n")}`);
  }
} finally {
  await world.close();
}
