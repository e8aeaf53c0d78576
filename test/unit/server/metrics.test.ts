import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { createMetrics } from "../../../src/server/metrics.ts";

it("each server tells the figures of the process, and its own calls alone", async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.callsOf("whoami")("grpc", "ok", 0.1);
  for (const { registry } of [one, other])
    for (const name of ["process_cpu_seconds_total", "nodejs_eventloop_lag_p99_seconds"])
      expect(await registry.metrics()).toMatch(new RegExp(`^${name} \\d`, "m"));
  expect(await one.registry.metrics()).toContain('rpc="whoami"');
  expect(await other.registry.metrics()).not.toContain('rpc="whoami"');
});

it("nothing of a process that goes on holds the figures of a server that is gone", async () => {
  setFlagsFromString("--expose-gc");
  const collect: NodeJS.GCFunction = runInNewContext("gc");
  const make = () => new WeakRef(createMetrics().registry);
  const gone = [make(), make()];
  await expect
    .poll(() => {
      collect({ type: "major" });
      return gone.filter((each) => each.deref() !== undefined).length;
    })
    .toBe(0);
});
