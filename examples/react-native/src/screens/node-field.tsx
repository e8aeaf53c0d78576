import type { InputNode } from "@ostiary/client";
import type { ReactNode } from "react";
import { Switch, Text, TextInput, View } from "react-native";

/** What NodeField shows. */
export interface NodeFieldProps {
  readonly node: InputNode;
  readonly value: string | boolean;
  readonly onChange: (value: string | boolean) => void;
}

const keyboards = { email: "email-address", number: "numeric", tel: "phone-pad", url: "url" } as const;

const keyboardOf = (type: string) =>
  Object.hasOwn(keyboards, type) ? keyboards[type as keyof typeof keyboards] : "default";

/** The input element: one field of a form with its label and messages. */
export const NodeField = ({ node, value, onChange }: NodeFieldProps): ReactNode => (
  <View>
    <Text>{node.label?.text ?? node.name}</Text>
    {node.type === "checkbox" ? (
      <Switch value={value === true} onValueChange={onChange} disabled={node.disabled} />
    ) : (
      <TextInput
        accessibilityLabel={node.label?.text ?? node.name}
        value={String(value)}
        onChangeText={onChange}
        editable={!node.disabled}
        secureTextEntry={node.type === "password"}
        keyboardType={keyboardOf(node.type)}
        autoCapitalize="none"
      />
    )}
    {node.messages.map((message) => (
      <Text key={message.id} accessibilityRole={message.type === "error" ? "alert" : "text"}>
        {message.text}
      </Text>
    ))}
  </View>
);
