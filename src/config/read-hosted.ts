import path from "node:path";
import type { HostedConfig } from "./config.ts";
import type { Origin } from "./origin.ts";
import type { Slice } from "./slice.ts";

/** Reads `hosted`. Files are found from the folder of the file that names them. */
export function readHosted(hosted: Slice, origin: Origin): HostedConfig {
  const file = (key: string) => {
    const given = hosted.optionalText(key);
    return given === undefined
      ? undefined
      : path.resolve(origin.folder(["hosted", key]), given.replace(/^file:\/\//, ""));
  };
  return {
    name: hosted.text("name"),
    logo: file("logo"),
    icon: file("icon"),
    css: file("css"),
    theme: hosted.choice("theme"),
    links: {
      help: hosted.optionalText("links.help"),
      privacy: hosted.optionalText("links.privacy"),
      terms: hosted.optionalText("links.terms"),
    },
  };
}
