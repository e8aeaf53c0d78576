import { Configuration, FrontendApi } from "@ory/client-fetch";
import { Login, Settings } from "@ory/elements-react/theme";
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
    login_ui_url: `${url}/login`,
    recovery_enabled: false,
    recovery_ui_url: `${url}/hosted/recovery`,
    registration_enabled: true,
    registration_ui_url: `${url}/hosted/registration`,
    settings_ui_url: url,
    verification_enabled: false,
    verification_ui_url: `${url}/hosted/verification`,
  },
};

const id = new URLSearchParams(location.search).get("flow");
const pages = {
  login: async () => (
    <Login flow={await (id === null ? api.createBrowserLoginFlow() : api.getLoginFlow({ id }))} config={config} />
  ),
  settings: async () => (
    <Settings
      flow={await (id === null ? api.createBrowserSettingsFlow() : api.getSettingsFlow({ id }))}
      config={config}
    />
  ),
};

const kind = location.pathname === "/login" ? "login" : "settings";
const root = createRoot(document.getElementById("app") as HTMLElement);
// The server knows where to go on from a flow that it refuses.
pages[kind]().then(
  (page) => root.render(page),
  () => location.assign(`/self-service/${kind}/browser`),
);
