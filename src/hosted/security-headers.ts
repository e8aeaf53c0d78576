import { createHash } from "node:crypto";
import { scriptsOf } from "./page.ts";
import type { WireNode } from "./wire.ts";

/**
 * Makes the headers that every page is sent with; the nodes of its form decide which scripts may run besides the
 * pages' own.
 */
export type SecurityHeaders = (nodes: readonly WireNode[]) => Readonly<Record<string, string>>;

/**
 * Creates the headers of the pages.
 *
 * The content policy allows the pages' stylesheets and images, their one script
 * by its address, and the scripts that a node of the form names: by address,
 * and the handlers of their buttons by digest, unless they name a function,
 * which the pages' own script calls. Nothing is inline. It has no
 * `form-action`: browsers hold that against the redirects after a submit as
 * well, and those lead to whatever `return_to` is allowed, to providers and to
 * apps, which no list made here could name.
 *
 * `Referrer-Policy: same-origin` keeps flow ids from other sites; anything
 * stricter would make browsers send `Origin: null` with the forms.
 */
export const createSecurityHeaders = (publicBaseUrl: string): SecurityHeaders => {
  const own = inPolicy(new URL("hosted/pages.js", publicBaseUrl.replace(/\/?$/, "/")));
  const always = {
    "cache-control": "private, no-cache, no-store, must-revalidate",
    "content-type": "text/html; charset=utf-8",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    vary: "Cookie, Accept-Language",
    ...(publicBaseUrl.startsWith("https:") && { "strict-transport-security": "max-age=31536000" }),
  };
  const base = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return (nodes) => ({
    ...always,
    "content-security-policy": [...base, scriptRule(nodes, own, publicBaseUrl)].join("; "),
  });
};

const scriptRule = (nodes: readonly WireNode[], own: string, publicBaseUrl: string): string => {
  const addresses = scriptsOf(nodes).map(({ src }) => inPolicy(new URL(src, publicBaseUrl)));
  const handlers = addresses.length === 0 ? [] : nodes.flatMap(handlerOf);
  const digests = handlers.map((handler) => `'sha256-${createHash("sha256").update(handler).digest("base64")}'`);
  return [
    "script-src",
    ...new Set([own, ...addresses]),
    ...(digests.length > 0 ? ["'unsafe-hashes'", ...new Set(digests)] : []),
  ].join(" ");
};

const handlerOf = ({ attributes }: WireNode): string[] =>
  attributes.node_type === "input" && attributes.onclick && !attributes.onclickTrigger ? [attributes.onclick] : [];

/** An address as a policy spells it: `;` and `,` end a rule there. */
const inPolicy = ({ origin, pathname }: URL): string => origin + pathname.replace(/[;,]/g, encodeURIComponent);
