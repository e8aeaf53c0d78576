import { Configuration, FrontendApi, type SettingsFlow } from "@ory/client-fetch";
import { Settings } from "@ory/elements-react/theme";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import "@ory/elements-react/theme/styles.css";

const url = location.origin;
const headers = { Accept: "application/json" };
const api = new FrontendApi(new Configuration({ basePath: url, credentials: "include", headers }));

const config = {
  sdk: { url },
  project: {
    name: "Ostiary",
    default_redirect_url: url,
    error_ui_url: `${url}/hosted/error`,
    login_ui_url: `${url}/hosted/login`,
    recovery_enabled: false,
    recovery_ui_url: `${url}/hosted/recovery`,
    registration_enabled: true,
    registration_ui_url: `${url}/hosted/registration`,
    settings_ui_url: url,
    verification_enabled: false,
    verification_ui_url: `${url}/hosted/verification`,
  },
};

const App = () => {
  const [flow, setFlow] = useState<SettingsFlow>();
  useEffect(() => {
    const id = new URLSearchParams(location.search).get("flow");
    const found = id === null ? api.createBrowserSettingsFlow() : api.getSettingsFlow({ id });
    // Without a session: sign in first.
    found.then(setFlow, () => location.assign("/hosted/login"));
  }, []);
  return flow && <Settings flow={flow} config={config} />;
};

createRoot(document.getElementById("app") as HTMLElement).render(<App />);
