import { parseFlag } from "./as-meant.ts";
import { isUnsupported } from "./features.ts";
import { isMap, type Path, type Raw, valueAt } from "./tree.ts";
import type { Finding } from "./validate.ts";

/*
 * What protects people, or what they need to get on, and is not there yet. Who
 * configures it counts on it, so that the server does not start without it: a
 * warning is read by nobody. Building such a feature means taking its line out
 * here.
 */

/** A key that asks for what people cannot do without. */
interface Guard {
  readonly key: string;
  /** Whether this value asks for it. */
  readonly asks: (value: unknown, raw: Raw) => boolean;
  /** What happens without it. */
  readonly without: string;
}

const isOn = (value: unknown): boolean => value === true || (typeof value === "string" && parseFlag(value) === true);
const isText = (value: unknown): boolean => typeof value === "string" && value.trim() !== "";
const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

const keys: readonly Guard[] = [
  { key: "selfservice.methods.captcha.enabled", asks: isOn, without: "programs could sign up and in like people" },
  {
    key: "selfservice.methods.b2b.config.organizations",
    asks: isFilled,
    without: "people of an organization could sign in past its own provider",
  },
  {
    key: "selfservice.methods.saml.enabled",
    asks: isOn,
    without: "people who sign in by SAML alone could not, and would get stuck at a form without it",
  },
  {
    key: "selfservice.methods.deviceauthn.enabled",
    asks: isOn,
    without: "people whose devices sign in for them could not, and whom such a device protects would do without it",
  },
  {
    key: "oauth2_provider.url",
    asks: isText,
    without: "people whom an OAuth2 server sends here would sign in, and never come back to it",
  },
  { key: "organizations", asks: isFilled, without: "people of an organization could sign in past its own provider" },
];

/** Hooks that guard nothing while another part is off, and what happens then. */
const hooks: Readonly<Record<string, { readonly needs: string; readonly without: string }>> = {
  verify_new_address: {
    needs: "selfservice.flows.verification.enabled",
    without: "a new address could never be confirmed",
  },
};

/** What would be missing where a key is set that asks for a guard that is not there; undefined for any other key. */
export const guardAt = (path: string): string | undefined => keys.find(({ key }) => key === path)?.without;

/** Every guard that stops the start, as people write it, and what happens without it. */
export const missingGuards: readonly (readonly [name: string, without: string])[] = [
  ...keys.map(({ key, without }) => [key, without] as const),
  ...Object.entries(hooks).map(([hook, { needs, without }]) => [`the hook ${hook} without ${needs}`, without] as const),
];

/** Finds the guards that a configuration counts on and the server does not have. */
export function findMissingGuards(raw: Raw): Finding[] {
  const missing = keys.filter(({ key, asks }) => asks(valueAt(raw, key.split(".")), raw));
  return [
    ...missing.map(({ key, without }) => finding(key.split("."), "is not there yet", without)),
    ...findMissingHooks(raw),
  ];
}

/** Flows that are there only where somebody has switched them on. */
const offByDefault: ReadonlySet<string> = new Set(["verification", "recovery"]);

function findMissingHooks(raw: Raw): Finding[] {
  const found: Finding[] = [];
  const isOff = (path: Path): boolean =>
    path.length === 3 && offByDefault.has(String(path[2])) && !isOn(valueAt(raw, [...path, "enabled"]));
  const walk = (value: unknown, path: Path): void => {
    // Where flow or method are not there, nothing is to be guarded.
    if (isUnsupported(path) || isOff(path)) return;
    if (isMap(value)) for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    if (!Array.isArray(value) || path.at(-1) !== "hooks") return;
    for (const [index, hook] of value.entries()) if (isMap(hook)) found.push(...findFault(raw, hook, [...path, index]));
  };
  walk(valueAt(raw, ["selfservice", "flows"]), ["selfservice", "flows"]);
  return found;
}

function findFault(raw: Raw, hook: Raw, path: Path): Finding[] {
  const name = String(hook.hook);
  const part = Object.hasOwn(hooks, name) ? hooks[name] : undefined;
  if (part === undefined || isOn(valueAt(raw, part.needs.split(".")))) return [];
  return [finding(path, `the hook ${name} needs ${part.needs}`, part.without)];
}

const finding = (path: Path, message: string, without: string): Finding => ({
  path,
  message: `${message}: ${without}. Take it out to start without it`,
});
