import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "@bufbuild/protobuf";

/**
 * Whether what was sent for an input element is what the element showed, and so
 * no change. Browsers send text: they take line breaks out of what stands in a
 * line (HTML Standard §4.10.5.1.2), space around an address out too, write line
 * breaks of hidden fields as CR LF (§4.10.21.5), and cannot hold U+0000.
 */
export function isAsRendered(sent: JsonValue, now: JsonValue): boolean {
  if (sent === now) return true;
  // A box sends what its hidden field says and then, if ticked, its own value: the last counts.
  if (Array.isArray(sent) && typeof now === "boolean") return isAsRendered(sent.at(-1) ?? null, now);
  if (typeof now === "object") return isDeepStrictEqual(sent, now);
  if (typeof sent !== "string") return false;
  if (typeof now !== "string") return sent === String(now);
  const parsed = now.replaceAll("\0", "\ufffd");
  const line = parsed.replaceAll(/[\r\n]/g, "");
  return sent === parsed || sent === line || sent === line.trim() || sent === asSubmitted(parsed);
}

/** A text with its line breaks as forms send them. */
export const asSubmitted = (text: string): string => text.replaceAll(/\r\n?|\n/g, "\r\n");
