import { type Form, type InputNode, nodesOf } from "@ostiary/client";
import { type ReactNode, useState } from "react";
import { Button, Text, View } from "react-native";
import { NodeField } from "./node-field.tsx";

/** What FlowForm shows. */
export interface FlowFormProps {
  readonly form: Form;
  /** The group of nodes, a method. */
  readonly group: string;
  readonly pending: boolean;
  readonly onSubmit: (values: Readonly<Record<string, string | boolean>>) => void;
}

const isButton = ({ type }: InputNode): boolean => type === "submit" || type === "button";

/** The generic form view: the nodes of one group, with those of all groups. */
export const FlowForm = ({ form, group, pending, onSubmit }: FlowFormProps): ReactNode => {
  const inputs = nodesOf(form, group).filter((node): node is InputNode => node.kind === "input");
  const [typed, setTyped] = useState<Readonly<Record<string, string | boolean>>>({});
  const shownIn = ({ name, type, value }: InputNode): string | boolean =>
    typed[name] ?? (type === "checkbox" ? value === true : value === undefined || value === null ? "" : String(value));
  const fields = inputs.filter((node) => node.type !== "hidden" && !isButton(node));
  return (
    <View>
      {fields.map((node) => (
        <NodeField
          key={node.name}
          node={node}
          value={shownIn(node)}
          onChange={(value) => setTyped((before) => ({ ...before, [node.name]: value }))}
        />
      ))}
      {inputs.filter(isButton).map((node) => (
        <Button
          key={`${node.name} ${String(node.value)}`}
          title={node.label?.text ?? String(node.value)}
          disabled={pending || node.disabled}
          onPress={() =>
            onSubmit({
              ...Object.fromEntries(fields.map((field) => [field.name, shownIn(field)])),
              [node.name]: String(node.value),
            })
          }
        />
      ))}
      {form.messages.map((message) => (
        <Text key={message.id}>{message.text}</Text>
      ))}
    </View>
  );
};
