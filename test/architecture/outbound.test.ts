import { expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

/*
 * Connections to other servers stay open to be used again, and each way to them has its own: a server has one way,
 * which is handed in. Parts that stand alone may create one where none is given, as the default of a parameter.
 */

const creates = /(?:const \w+ = |: )createOutboundFetch\(/;

it("a server has one way to other servers", () => {
  const found = filesBelow(["src"], [".ts"]).filter((file) => creates.test(read(file)));
  expect(found).toEqual(["src/prepare-app.ts"]);
});
