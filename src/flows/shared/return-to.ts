import { serviceError } from "../../errors/service-error.ts";

/** Where a person may be sent afterwards. */
export interface ReturnTo {
  /**
   * The absolute form of a `return_to`, to send a person to; undefined for an
   * empty one.
   *
   * @throws RETURN_TO_FORBIDDEN
   */
  must(value: string | undefined): string | undefined;
  /** As `must`, but undefined for one that is not allowed: for what is done already, whatever has changed since. */
  ifAllowed(value: string | undefined): string | undefined;
  /**
   * The form of a `return_to` that is stored and shown: as it was written, where
   * that is what was checked (a relative address stays one), else absolute.
   *
   * @param field the parameter it came in
   * @throws RETURN_TO_FORBIDDEN
   */
  mustShow(value: string | undefined, field?: string): string | undefined;
}

/**
 * Creates the check.
 *
 * @param resolve returns the absolute URL if the allow-list admits it
 */
export const createReturnTo = (resolve: (value: string) => string | undefined): ReturnTo => {
  const must = (value: string | undefined, field = "return_to"): string | undefined => {
    if (value === undefined || value === "") return undefined;
    const url = resolve(value);
    if (url === undefined)
      throw serviceError("RETURN_TO_FORBIDDEN", {
        explain: `The requested ${field} URL is not allowed by the configuration.`,
        field,
      });
    return url;
  };
  return {
    must: (value) => must(value),
    ifAllowed: (value) => (value === undefined || value === "" ? undefined : resolve(value)),
    mustShow: (value, field) => {
      const url = must(value, field);
      return url !== undefined && url === new URL(url).origin + value ? value : url;
    },
  };
};
