import { readFileSync } from "node:fs";
import path from "node:path";
import { type Asset, createAsset } from "./asset.ts";
import { type Html, html } from "./html.ts";

/** How the pages look, as configured. Files are absolute paths. */
export interface LookOptions {
  /** What the pages are of: stands in the head and in the browser's tab. */
  readonly name: string;
  /** Shown in place of the name. */
  readonly logo: string | undefined;
  /** Shown in the browser's tab. */
  readonly icon: string | undefined;
  /** Comes after the pages' own styles. */
  readonly css: string | undefined;
  readonly theme: "auto" | "light" | "dark";
  readonly links: {
    readonly help: string | undefined;
    readonly privacy: string | undefined;
    readonly terms: string | undefined;
  };
}

/** How the pages look: the files are read. */
export interface Look extends Pick<LookOptions, "name" | "theme" | "links"> {
  readonly style: Asset;
  readonly script: Asset;
  readonly icon: Asset;
  readonly logo: Asset | undefined;
  readonly css: Asset | undefined;
  /** Stands beside the name where there is no logo. */
  readonly mark: Html;
}

/** Parts of the stylesheet and of the script, one after the other. */
const styles = ["tokens", "base", "layout", "forms", "rows", "settings"];
const scripts = ["passwords", "copy", "times", "menus", "drafts", "sections", "triggers"];

const types: Readonly<Record<string, string>> = {
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webp": "image/webp",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".ico": "image/x-icon",
  ".css": "text/css; charset=utf-8",
};

/** Bytes of a logo, an icon or a stylesheet: each is part of every page. */
const largest = 256 * 1024;

/**
 * Reads everything that the pages look by, once.
 *
 * @throws Error that names the key of the configuration, when a file cannot be read or used
 */
export const createLook = ({ name, theme, links, logo, icon, css }: LookOptions): Look => ({
  ...{ name, theme, links },
  style: createAsset(
    "style.css",
    "text/css; charset=utf-8",
    styles.map((part) => readOwn(`styles/${part}.css`)).join("\n"),
  ),
  script: createAsset(
    "pages.js",
    "text/javascript; charset=utf-8",
    scripts.map((part) => `{\n${readOwn(`scripts/${part}.js`)}}`).join("\n"),
  ),
  icon: icon === undefined ? createAsset("icon.svg", "image/svg+xml", markFile) : readGiven("icon", icon),
  logo: logo === undefined ? undefined : readGiven("logo", logo),
  css: css === undefined ? undefined : readGiven("css", css),
  mark: html`<svg class="emblem" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
<rect class="emblem-back" width="32" height="32" rx="8"/><path class="emblem-door" d="M10 25V13a6 6 0 0 1 12 0v12z"/>
<circle class="emblem-knob" cx="18.5" cy="18" r="1.5"/></svg>`,
});

const markFile =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" ' +
  'fill="#3f4fd0"/><path d="M10 25V13a6 6 0 0 1 12 0v12z" fill="#fff"/><circle cx="18.5" cy="18" r="1.5" ' +
  'fill="#3f4fd0"/></svg>';

const readOwn = (file: string): string => readFileSync(new URL(file, import.meta.url), "utf8");

/** A file of the configuration that cannot be used. */
export interface LookFault {
  /** `hosted.logo`. */
  readonly path: string;
  readonly message: string;
}

/** Finds the files that cannot be used: a start ends with them, as with any other mistake of the configuration. */
export const findLookFaults = (options: LookOptions): readonly LookFault[] =>
  (["logo", "icon", "css"] as const).flatMap((key) => {
    const file = options[key];
    const read = file === undefined ? undefined : tryRead(key, file);
    return typeof read === "string" ? [{ path: `hosted.${key}`, message: read }] : [];
  });

type FileKey = "logo" | "icon" | "css";

const readGiven = (key: FileKey, file: string): Asset => {
  const read = tryRead(key, file);
  if (typeof read === "string") throw new Error(`hosted.${key}: ${read}`);
  return read;
};

/** The file, or what is wrong with it. */
const tryRead = (key: FileKey, file: string): Asset | string => {
  const extension = path.extname(file).toLowerCase();
  const type = types[extension];
  if (!type?.startsWith(key === "css" ? "text/css" : "image/"))
    return `${file} is not a kind of file that can be used here`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`;
  }
  if (bytes.length > largest)
    return `${file} has ${bytes.length} bytes, and more than ${largest} would make every page slow`;
  return createAsset(key === "css" ? "theme.css" : `${key}${extension}`, type, bytes);
};
