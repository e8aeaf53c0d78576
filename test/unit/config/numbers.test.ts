import { expect, test } from "vitest";
import { parseByteSize } from "../../../src/config/byte-size.ts";
import { parseDuration } from "../../../src/lib/duration.ts";

test.each([
  ["1h30m", 5_400_000],
  ["500ms", 500],
  ["10m", 600_000],
  ["1.5s", 1500],
  ["2h45m30.5s", 9_930_500],
  ["250us", 0.25],
  ["0s", 0],
  ["0", 0],
])("%s is %d milliseconds", (text, ms) => expect(parseDuration(text)).toBeCloseTo(ms, 6));

test.each(["", "1", "1d", "-1h", "h", "1h ", "1 h", ".5s", "1e3s", "one hour", `${"9".repeat(30)}h`])(
  "%j is no duration",
  (text) => expect(parseDuration(text)).toBeUndefined(),
);

test.each([
  ["19MB", 19 * 1024 ** 2],
  ["19MiB", 19 * 1024 ** 2],
  ["1GB", 1024 ** 3],
  ["64kb", 65_536],
  ["512B", 512],
  ["512", 512],
  ["2 MB", 2 * 1024 ** 2],
  ["4G", 4 * 1024 ** 3],
])("%s is %d bytes", (text, bytes) => expect(parseByteSize(text)).toBe(bytes));

test.each(["", "MB", "1.5GB", "-1MB", "1XB", "lots", `${"9".repeat(20)}TB`])("%j is no size", (text) =>
  expect(parseByteSize(text)).toBeUndefined(),
);
