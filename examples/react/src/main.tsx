import { createSessions } from "@ostiary/client";
import { type ReactNode, StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { type Asked, client, onChallenge } from "./client.ts";
import { LoginForm } from "./login-page.tsx";
import { goTo, usePage } from "./navigation.ts";
import { RegistrationPage } from "./registration-page.tsx";
import { SettingsPage } from "./settings-page.tsx";

/** Shown whenever a call needs the person to prove again who they are; then the call goes on by itself. */
const AuthenticationDialog = (): ReactNode => {
  const [asked, setAsked] = useState<Asked>();
  useEffect(() => {
    onChallenge(setAsked);
    return () => onChallenge(undefined);
  }, []);
  if (asked === undefined) return null;
  const answer = (done: boolean): void => {
    setAsked(undefined);
    asked.answer(done);
  };
  return (
    <dialog open aria-label="Sign in again">
      <h2>Is it you?</h2>
      <LoginForm
        refresh
        aal={asked.challenge.reason === "aal2_required" ? "aal2" : undefined}
        onDone={() => answer(true)}
      />
      <button type="button" onClick={() => answer(false)}>
        Not now
      </button>
    </dialog>
  );
};

const signOut = async (): Promise<void> => {
  const result = await createSessions(client).signOut();
  if (result.ok && result.value !== undefined) {
    const { pathname, search } = new URL(result.value);
    await fetch(pathname + search, { headers: { accept: "application/json" } });
  }
  goTo("login");
};

const App = (): ReactNode => {
  const { name, query } = usePage();
  const resume = query.get("resume") ?? undefined;
  return (
    <>
      <nav>
        <a href="#/registration">Sign up</a> <a href="#/login">Sign in</a> <a href="#/settings">Settings</a>{" "}
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </nav>
      {name === "registration" && <RegistrationPage />}
      {name === "login" && (
        <>
          <h1>Sign in</h1>
          <LoginForm
            refresh={query.has("refresh")}
            onDone={() => goTo(resume === undefined ? "settings" : `settings?resume=${resume}`)}
          />
        </>
      )}
      {name === "settings" && <SettingsPage key={resume} resume={resume} />}
      <AuthenticationDialog />
    </>
  );
};

const element = document.getElementById("app");
if (element !== null)
  createRoot(element).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
