import { type DescMethod, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import { optionOf } from "./option-of.ts";

/** What `createSiteCheck` needs. */
export interface SiteCheckDeps {
  readonly method: DescMethod;
  /** Whether an `Origin` belongs to a site that the configuration names. */
  readonly trustedOrigin: (origin: string) => boolean;
  /** For what lets whoever calls in: a foreign page must not do that to a browser without cookies either. */
  readonly signsIn?: boolean | undefined;
}

/**
 * Creates the check that no foreign site makes a browser call an RPC with the
 * cookies of its person. `Sec-Fetch-Site` decides, where a browser sends it,
 * then `Origin`. Sites that the configuration names pass, and so do programs,
 * which send neither. The protocols see to it that a form or plain text, which a
 * page can send unasked, never reaches an RPC at all.
 *
 * An RPC that REST binds to GET is not checked there: following a link is what
 * it is for. Over the other protocols everything is a POST, and is checked.
 *
 * @throws UNTRUSTED_ORIGIN from the check
 */
export const createSiteCheck = ({ method, trustedOrigin, signsIn = false }: SiteCheckDeps): ((call: Call) => void) => {
  const isLink = hasOption(method, http) && optionOf(method, http).pattern.case === "get";
  return ({ protocol, headers }) => {
    if ((headers.cookie === undefined && !signsIn) || (isLink && protocol === "rest")) return;
    const site = headers["sec-fetch-site"];
    const { origin } = headers;
    // No browser sends an origin with userinfo.
    const isOurs = !origin?.includes("@");
    if (isOurs && (site === undefined ? origin === undefined || isOwn(origin, headers) : ownSites.has(String(site))))
      return;
    if (origin !== undefined && trustedOrigin(origin)) return;
    throw serviceError("UNTRUSTED_ORIGIN", {
      explain: "A cross-site call needs an Origin that the configuration names.",
    });
  };
};

/**
 * What `Sec-Fetch-Site` says of calls that no foreign page makes
 * (https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header); all else counts as foreign.
 */
const ownSites = new Set(["same-origin", "same-site", "none"]);

/** A page of this very server, under a name that the configuration may not know. */
const isOwn = (origin: string, headers: Call["headers"]): boolean => {
  const host = headers[":authority"] ?? headers.host;
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
};
