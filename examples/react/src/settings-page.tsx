import { SettingsForm, useSettings } from "@ostiary/react";
import { type ReactNode, useEffect, useRef } from "react";
import { client } from "./client.ts";
import { goTo } from "./navigation.ts";

const titles: Readonly<Record<string, string>> = {
  profile: "Profile",
  password: "Password",
  oidc: "Linked accounts",
};

/** The settings view: everything that this person may change. `resume` is the id of a flow with a parked change. */
export const SettingsPage = ({ resume }: { readonly resume: string | undefined }): ReactNode => {
  const settings = useSettings(client, {
    id: resume,
    // Linking a provider goes on at the provider.
    onDone: ({ redirectBrowserTo, flow }) => {
      if (redirectBrowserTo !== "" && flow === undefined) location.assign(redirectBrowserTo);
    },
  });
  const { failure, flow } = settings;

  const resumed = useRef(false);
  useEffect(() => {
    if (resume === undefined || resumed.current) return;
    resumed.current = true;
    void settings.resume(resume);
  }, [resume, settings]);

  useEffect(() => {
    if (failure?.reason === "session_inactive") goTo("login");
  }, [failure]);

  return (
    <>
      <h1>Settings</h1>
      {failure?.reason === "session_refresh_required" && (
        <p>
          Your change waits until you have <a href={`#/login?refresh=true&resume=${flow?.id}`}>signed in again</a>.
        </p>
      )}
      <SettingsForm settings={settings} titleOf={(group) => titles[group] ?? group} />
    </>
  );
};
