import type { Texts } from "./texts.ts";

// In this order: each of them names those after it as well.
const programs: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/(?:Chrome|Chromium|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\b(?:iPhone|iPad)\b/, "iOS"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** A `User-Agent` in a few words, for someone to know their own device by: `Firefox on Linux`. */
export const describeDevice = (userAgent: string, texts: Texts): string => {
  const found = (table: readonly (readonly [RegExp, string])[]) =>
    table.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = found(systems);
  const program = found(programs) ?? /^[\w.-]{1,40}/.exec(userAgent)?.[0];
  if (program === undefined) return system ?? texts.text("devices.unknown");
  return system === undefined ? program : texts.text("devices.on", { program, system });
};

/** Whether a `User-Agent` is that of something that is held in the hand. */
export const isHandheld = (userAgent: string): boolean => /\b(?:iPhone|iPad|Android|Mobile)\b/.test(userAgent);
