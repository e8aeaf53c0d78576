import type { ReactNode } from "react";
import { FormGroups } from "./flow-form.tsx";
import type { SettingsState } from "./use-settings.ts";

/** What SettingsForm shows. */
export interface SettingsFormProps {
  /** Of useSettings. */
  readonly settings: SettingsState;
  /** Title of a group of nodes, a method; left out, its name. */
  readonly titleOf?: (group: string) => string;
}

/** The settings of an account as plain HTML, a section for each method. */
export const SettingsForm = ({ settings, titleOf }: SettingsFormProps): ReactNode => {
  const { form, failure, pending, version, submit } = settings;
  return (
    <>
      {failure !== undefined && (
        <p role="alert" data-failure={failure.reason}>
          {failure.message}
        </p>
      )}
      {form !== undefined && (
        <FormGroups key={version} form={form} pending={pending} onSubmit={submit} {...(titleOf && { titleOf })} />
      )}
    </>
  );
};
