import type { Finding } from "./validate.ts";

/** Finds what prevents codes from being a sign-in method as configured. */
export function findCodeFaults(get: (path: string) => unknown): readonly Finding[] {
  const code = "selfservice.methods.code";
  const hides = "security.account_enumeration.mitigate";
  const found: Finding[] = [];
  if (get(`${code}.passwordless_enabled`) === true && get(`${code}.mfa_enabled`) === true)
    found.push({
      path: `${code}.mfa_enabled`.split("."),
      message:
        "cannot be on together with passwordless_enabled: whoever reads a person's messages would have both " +
        "factors. Switch one of the two off",
    });
  if (get(hides) === true && get(`${code}.enabled`) === false)
    found.push({
      path: hides.split("."),
      message: `needs ${code}.enabled: whoever signs up proves the address by a code, whether somebody has it or not`,
    });
  return found;
}
