import { fail } from "../errors/service-error.ts";

/** Where a person may be sent afterwards. */
export interface ReturnTo {
  /**
   * The absolute form of a `return_to`; undefined for an empty one. From here on
   * this is what is kept, shown and followed, never what was sent.
   *
   * @param field the parameter it came in
   * @throws RETURN_TO_FORBIDDEN
   */
  must(value: string | undefined, field?: string): string | undefined;
}

/**
 * Creates the check.
 *
 * @param resolve gives the absolute URL if the allow-list admits it
 */
export const createReturnTo = (resolve: (value: string) => string | undefined): ReturnTo => ({
  must: (value, field = "return_to") => {
    if (value === undefined || value === "") return undefined;
    const url = resolve(value);
    if (url === undefined) throw fail("RETURN_TO_FORBIDDEN", { explain: `The requested ${field} URL is not allowed by the configuration.`, field });
    return url;
  },
});
