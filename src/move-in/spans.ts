import type { Span } from "./source/outlines.ts";

/** A part of all ids, for the source as text and for this side as bytes. */
export interface IdSpan extends Span {
  /** Both included. */
  readonly low: Buffer;
  readonly high: Buffer;
}

/** How many parts all ids are split into: ids are random, so that parts are of one size. */
const PARTS = 64;
const STEP = 256 / PARTS;

const filled = (first: number, rest: number): Buffer => Buffer.concat([Buffer.from([first]), Buffer.alloc(15, rest)]);
const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

/** The parts, in order. `g` comes after every hexadecimal digit. */
export const idSpans = (): readonly IdSpan[] =>
  Array.from({ length: PARTS }, (_, part): IdSpan => {
    const [first, next] = [part * STEP, (part + 1) * STEP];
    return {
      after: part === 0 ? "" : hex(first),
      before: next > 255 ? "g" : hex(next),
      low: filled(first, 0),
      high: filled(next - 1, 0xff),
    };
  });
