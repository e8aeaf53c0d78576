import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { openBrowser } from "../test/browser/browser.ts";
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
const themes = ["light", "dark"] as const;

const shoot = async (page: Page, name: string): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  const format = options.png ? ("png" as const) : ("webp" as const);
  const { cssContentSize } = (await session.send("Page.getLayoutMetrics")) as {
    readonly cssContentSize: { readonly width: number; readonly height: number };
  };
  const clip = {
    x: 0,
    y: 0,
    width: page.viewportSize()?.width ?? cssContentSize.width,
    height: Math.min(cssContentSize.height, 2_400),
    scale: 1,
  };
  const { data } = await session.send("Page.captureScreenshot", {
    format,
    captureBeyondViewport: true,
    clip,
    ...(options.png ? {} : { quality: 60 }),
  });
  const file = path.join(options.out, `${name}.${format}`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, Buffer.from(data, "base64"));
  await session.detach();
};

const show = async (
  world: World,
  scene: Scene,
  language: string,
  name: (width: number, theme: string) => string,
  wanted = { widths, themes } as Wanted,
): Promise<void> => {
  const browser = await openBrowser({ javaScriptEnabled: true, locale: language });
  const { page } = browser;
  try {
    await scene.go(page, world, newAnn());
    for (const width of wanted.widths) {
      await page.evaluate("scrollTo(0, 0)");
      await page.setViewportSize({ width, height: width < 500 ? 844 : 800 });
      for (const theme of wanted.themes) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await shoot(page, name(width, theme));
      }
    }
  } finally {
    await browser.close();
  }
};

interface Wanted {
  readonly widths: readonly (typeof widths)[number][];
  readonly themes: readonly (typeof themes)[number][];
}

const world = await startWorld();
try {
  for (const scene of scenes) {
    if (options.only !== undefined && !options.only.split(",").includes(scene.name)) continue;
    process.stderr.write(`${scene.name}\n`);
    await show(world, scene, "en", (width, theme) => `${scene.name}-${width}-${theme}`);
  }
} finally {
  await world.close();
}
