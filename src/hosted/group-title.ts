import { spellOut } from "./label-of.ts";
import type { Texts } from "./texts.ts";

/** How a group of nodes is headed. A group that is new to the pages is headed by its name. */
export const groupTitle = (group: string, texts: Texts): string => texts.find([`group.${group}`]) ?? spellOut(group);
