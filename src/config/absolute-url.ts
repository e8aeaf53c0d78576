import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * Makes `file://./x`, `file://x/y` and `file://~/x` absolute. Other URLs stay, and so does one that is no name of a
 * file (`%zz`, `%2F`): whoever reads it says so, with its key.
 */
export function absoluteUrl(url: string, folder: string): string {
  if (!url.startsWith("file://")) return url;
  try {
    return fileUrl(url, folder);
  } catch {
    return url;
  }
}

function fileUrl(url: string, folder: string): string {
  const rest = url.slice("file://".length);
  if (rest.startsWith("/")) return pathToFileURL(fileURLToPath(url)).href;
  const file = decodeURI(rest);
  return pathToFileURL(file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : path.resolve(folder, file)).href;
}
