import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Makes `file://./x`, `file://x/y` and `file://~/x` absolute; other URLs stay. */
export function absoluteUrl(url: string, folder: string): string {
  if (!url.startsWith("file://")) return url;
  const rest = url.slice("file://".length);
  if (rest.startsWith("/")) return pathToFileURL(fileURLToPath(url)).href;
  const file = decodeURI(rest);
  return pathToFileURL(file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : path.resolve(folder, file)).href;
}
