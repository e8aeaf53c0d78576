import { expect, it } from "vitest";
import { withoutArray } from "../../../src/cli/operator/array-lines.ts";

const read = (text: string): string => withoutArray(Buffer.from(text)).toString();

it("an array of one object a line is read as lines, and each keeps its number", () => {
  expect(read('[\n{"a":1},\r\n{"b":[2]}\n]\n')).toBe('\n{"a":1}\n{"b":[2]}\n\n');
});

it("lines of JSON stay as they are, byte by byte", () => {
  const bytes = Buffer.concat([Buffer.from('{"a":"],"}\n'), Buffer.from([0xff, 0x0a])]);
  expect(withoutArray(bytes)).toBe(bytes);
});
