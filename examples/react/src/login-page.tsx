import { FlowForm, Messages, useLogin } from "@ostiary/react";
import type { ReactNode } from "react";
import { client } from "./client.ts";

/** What LoginForm needs. */
export interface LoginFormProps {
  /** The person is signed in and proves it again. */
  readonly refresh?: boolean;
  /** Raise the session to this level. */
  readonly aal?: "aal2" | undefined;
  readonly onDone: () => void;
}

/** Signs a person in: a page of its own, or in a dialog. */
export const LoginForm = ({ refresh = false, aal, onDone }: LoginFormProps): ReactNode => {
  const { form, failure, pending, version, submit } = useLogin(client, {
    create: { refresh, ...(aal && { aal }) },
    onDone: ({ redirectBrowserTo, session }) => {
      if (session === undefined && redirectBrowserTo !== "") location.assign(redirectBrowserTo);
      else onDone();
    },
  });
  return (
    <>
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
