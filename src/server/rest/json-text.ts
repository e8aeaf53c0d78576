import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type JsonWriter, type Piece, piece } from "./json-writer.ts";

/** A number as JSON text; what JSON has no number for is `null`. */
export const numeral = (value: number): string => (Number.isFinite(value) ? String(value) : "null");

const secondsOfDay = 86_400;
// A calendar day costs more to write than the time in it, and answers name few days.
const days = new Map<number, Piece>();
const maxCachedDays = 4096;
const colon = piece(":");
const zulu = piece('Z"');

const dayPiece = (day: number): Piece => {
  const known = days.get(day);
  if (known !== undefined) return known;
  const iso = new Date(day * secondsOfDay * 1000).toISOString();
  const written = piece(`"${iso.slice(0, iso.indexOf("T") + 1)}`);
  if (days.size >= maxCachedDays) days.clear();
  days.set(day, written);
  return written;
};

/** Writes a point in time as RFC 3339 in UTC, in quotes, with as many digits of the second as it has. */
export const writeTime = (at: Timestamp, out: JsonWriter): void => {
  const seconds = Number(at.seconds);
  const day = Math.floor(seconds / secondsOfDay);
  const second = seconds - day * secondsOfDay;
  const minute = Math.floor(second / 60);
  out.piece(dayPiece(day));
  out.twoDigits(Math.floor(minute / 60));
  out.piece(colon);
  out.twoDigits(minute % 60);
  out.piece(colon);
  out.twoDigits(second % 60);
  if (at.nanos !== 0) out.text(fraction(at.nanos));
  out.piece(zulu);
};

const fraction = (nanos: number): string => {
  const digits = nanos % 1_000_000 === 0 ? String(nanos / 1_000_000).padStart(3, "0") : String(nanos).padStart(9, "0");
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  return `.${digits.slice(0, end)}`;
};
