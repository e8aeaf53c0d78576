import { expect, test } from "vitest";
import { parsePath } from "../../../../src/server/rest/path.ts";

test("a path has literals, constants and parameters", () => {
  expect(parsePath("/a/{type=browser}/{id}/x/{other.id=*}")).toEqual({
    pattern: "/a/browser/:p0/x/:p1",
    constants: [{ field: "type", value: "browser" }],
    parameters: [
      { field: "id", name: "p0" },
      { field: "other.id", name: "p1" },
    ],
  });
});

test("what no route has needed yet is refused at the start", () => {
  for (const path of ["a", "/{name=a/*}", "/**", "/{id=**}", "/a:verb", "/a b"])
    expect(() => parsePath(path), path).toThrow();
});
