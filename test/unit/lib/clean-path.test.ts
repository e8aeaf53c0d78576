import { expect, test } from "vitest";
import { cleanPath } from "../../../src/lib/clean-path.ts";

test("a path is cleaned as Go's mux does, and its query left alone", () => {
  for (const [dirty, clean] of [
    ["/", "/"],
    ["", "/"],
    ["/a/b", "/a/b"],
    ["/a/b/", "/a/b/"],
    ["//a//b//", "/a/b/"],
    ["/a/./b", "/a/b"],
    ["/a/../b", "/b"],
    ["/a/..", "/"],
    ["/a/b/..", "/a/"],
    ["/a/b/.", "/a/b/"],
    ["/../../a", "/a"],
    ["/a/%2e%2E/b", "/b"],
    ["/a/.b/..c/...", "/a/.b/..c/..."],
    ["/.well-known/x", "/.well-known/x"],
    ["/a%2Fb//c", "/a%2Fb/c"],
    ["//evil.example.com/a?u=//x/../y", "/evil.example.com/a?u=//x/../y"],
    ["//?a=1", "/?a=1"],
    ["/a//b#//c", "/a/b#//c"],
  ])
    expect([dirty, cleanPath(dirty ?? "")]).toEqual([dirty, clean]);
});

test("a path of many slashes and dots costs no time", () => {
  const start = performance.now();
  // Steps that grow with the square of its length would take minutes.
  cleanPath(`/${"/.".repeat(800_000)}${"%2e".repeat(200_000)}x`);
  expect(performance.now() - start).toBeLessThan(20_000);
});
