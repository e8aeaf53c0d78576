import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";

/** Makes objects of which each lives for a while, and says how many bytes the young generation takes at most. */
const load = `
  import { getHeapSpaceStatistics } from "node:v8";
  const youngBytes = () => getHeapSpaceStatistics().find((each) => each.space_name === "new_space").space_size;
  const [live, rounds] = [[], 4_000];
  let most = 0;
  for (let round = 0; round < rounds; round++) {
    live[round % 200] = Array.from({ length: 1_000 }, () => ({ round }));
    if (round % 50 === 0) most = Math.max(most, youngBytes());
  }
  console.error(most);
`;

const launch = (script: string) =>
  spawnSync(path.resolve("bin/ostiary"), ["version"], {
    env: { PATH: process.env.PATH, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` },
    encoding: "utf8",
  });

test("what requests leave behind is collected long before it takes the memory of the machine", () => {
  const { status, stdout, stderr } = launch(load);
  expect(stdout).toMatch(/\d+\.\d+\.\d+/);
  expect(status).toBe(0);
  const megabytes = Number(stderr) / 1024 / 1024;
  expect(megabytes).toBeGreaterThan(0);
  expect(megabytes).toBeLessThan(24);
});

test("threads share their memory", () => {
  expect(launch("console.error(process.env.MALLOC_ARENA_MAX)").stderr.trim()).toBe("2");
});
