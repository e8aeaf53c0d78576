import { type Form, type FormValues, nodesOf } from "@ostiary/client";
import type { FormEvent, ReactNode } from "react";
import { Messages, NodeInput } from "./node-input.tsx";

/** What FlowForm shows. */
export interface FlowFormProps {
  readonly form: Form;
  /** Gets the values by the names of the inputs, that of the pressed button included. */
  readonly onSubmit: (values: FormValues) => void;
  readonly pending?: boolean;
  /** Only these groups of nodes, with those of all groups; left out, all. */
  readonly groups?: readonly string[];
}

/** Shows a flow's form as one HTML form: its messages, then its nodes in their order. */
export const FlowForm = ({ form, onSubmit, pending = false, groups }: FlowFormProps): ReactNode => {
  const nodes = groups === undefined ? form.nodes : nodesOf(form, ...groups);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    onSubmit(valuesOf(event.currentTarget, submitter, form));
  };
  return (
    <form action={form.action} method={form.method} onSubmit={submit} aria-busy={pending} noValidate>
      {nodes.map((node, index) => (
        <NodeInput key={node.kind === "input" ? `${node.name} ${index}` : node.id} node={node} disabled={pending} />
      ))}
    </form>
  );
};

/** What was typed; a checkbox that is not ticked is false. */
const valuesOf = (element: HTMLFormElement, submitter: HTMLElement | null, form: Form): FormValues => {
  const values: Record<string, string | boolean> = {};
  for (const node of form.nodes)
    if (node.kind === "input" && node.type === "checkbox" && element.elements.namedItem(node.name) !== null)
      values[node.name] = false;
  for (const [name, value] of new FormData(element, submitter)) {
    if (typeof value === "string") values[name] = values[name] === false ? true : value;
  }
  return values;
};

/** What FormGroups shows. */
export interface FormGroupsProps extends Omit<FlowFormProps, "groups"> {
  /** Title of a group of nodes; left out, its name. */
  readonly titleOf?: (group: string) => string;
}

/** Shows each group of nodes, each method, as a section with a form of its own. */
export const FormGroups = ({ form, titleOf = (group) => group, ...rest }: FormGroupsProps): ReactNode => {
  const groups = [...new Set(form.nodes.map(({ group }) => group))].filter((group) => group !== "default");
  return (
    <>
      <Messages messages={form.messages} />
      {groups.map((group) => (
        <section key={group} aria-label={titleOf(group)} data-group={group}>
          <h2>{titleOf(group)}</h2>
          <FlowForm form={form} groups={[group]} {...rest} />
        </section>
      ))}
    </>
  );
};
