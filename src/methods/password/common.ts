import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

let list: string | undefined;

/**
 * Says whether a password, in any case, is one that everybody tries first:
 * one of some 40 000 common passwords and words of at least eight letters.
 *
 * The list stays one JSON text and is searched as such: 0.6 MB once somebody
 * asks, where a set of its entries would take seven times that.
 */
export const isCommon = (password: string): boolean => {
  list ??= readFileSync(fileURLToPath(import.meta.resolve("popular-passwords")), "utf8");
  return list.includes(JSON.stringify(password.toLowerCase()));
};
