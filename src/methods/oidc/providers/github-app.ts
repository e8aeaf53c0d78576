import type { Preset } from "../preset.ts";
import { ProviderFetchError } from "../refusal.ts";
import { github, githubEmail, githubUser } from "./github.ts";

/**
 * A GitHub App, for people who authorise it: as GitHub, but what may be read
 * are permissions of the app instead of scopes. Without the permission "Email
 * addresses" the address is not known.
 */
export const githubApp: Preset = {
  ...github,
  scopes: (configured = []) => configured,
  claims: async ({ api }) => {
    const user = await githubUser(api);
    const email = await githubEmail(api).catch((error: unknown) => {
      if (error instanceof ProviderFetchError) return {};
      throw error;
    });
    return { ...user, ...email };
  },
};
