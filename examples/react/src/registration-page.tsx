import { FlowForm, Messages, useRegistration } from "@ostiary/react";
import type { ReactNode } from "react";
import { client } from "./client.ts";
import { goTo } from "./navigation.ts";

/** Signs a person up. */
export const RegistrationPage = (): ReactNode => {
  const { form, failure, pending, version, submit } = useRegistration(client, { onDone: () => goTo("settings") });
  return (
    <>
      <h1>Sign up</h1>
      {failure !== undefined && <p role="alert">{failure.message}</p>}
      {form !== undefined && (
        <div key={version}>
          <Messages messages={form.messages} />
          <FlowForm form={form} pending={pending} onSubmit={submit} />
        </div>
      )}
    </>
  );
};
