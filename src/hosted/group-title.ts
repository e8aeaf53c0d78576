import { spellOut } from "./label-of.ts";

const titles: Readonly<Record<string, string>> = {
  profile: "Profile",
  password: "Password",
  oidc: "Linked accounts",
  saml: "Company accounts",
  totp: "Authenticator app",
  lookup_secret: "Backup codes",
  webauthn: "Security keys",
  passkey: "Passkeys",
  code: "Code by message",
  link: "Link by message",
  identifier_first: "Account",
};

/** How a group of nodes is headed. A group that is new to the pages is headed by its name. */
export const groupTitle = (group: string): string => titles[group] ?? spellOut(group);
