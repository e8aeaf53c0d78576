import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import type { ViteUserConfig } from "vitest/config";
import { read } from "./source-files.ts";

it("a thread, in which `make mutate` runs tests, can be started as their configuration says", async () => {
  const { vitest } = JSON.parse(read("stryker.config.json")) as { readonly vitest: { readonly configFile: string } };
  const { default: config } = (await import(path.resolve(vitest.configFile))) as { readonly default: ViteUserConfig };
  const worker = new Worker("", { eval: true, execArgv: config.test?.execArgv ?? [] });
  expect(await once(worker, "exit")).toEqual([0]);
});
