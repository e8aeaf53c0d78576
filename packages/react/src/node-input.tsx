import type { FormNode, InputNode, Text } from "@ostiary/client";
import { type ReactNode, useId } from "react";

/** What NodeInput shows. */
export interface NodeInputProps {
  readonly node: FormNode;
  /** Whether it may be used now. */
  readonly disabled?: boolean;
}

/** Shows one node of a form as plain HTML, with its label and its messages. */
export const NodeInput = ({ node, disabled = false }: NodeInputProps): ReactNode => {
  switch (node.kind) {
    case "input":
      return <Input node={node} disabled={disabled || node.disabled} />;
    case "text":
      return <p id={node.id}>{node.text.text}</p>;
    case "img":
      return <img id={node.id} src={node.src} width={node.width} height={node.height} alt={node.label?.text ?? ""} />;
    case "a":
      return (
        <a id={node.id} href={node.href}>
          {node.title.text}
        </a>
      );
    case "div":
      return <div id={node.id} {...dataAttributes(node.data)} />;
    default:
      // Scripts are loaded by the application, which knows its Content-Security-Policy.
      return null;
  }
};

const dataAttributes = (data: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value]));

const Input = ({ node, disabled }: { readonly node: InputNode; readonly disabled: boolean }): ReactNode => {
  const id = useId();
  const value = node.value === undefined || node.value === null ? "" : String(node.value);
  if (node.type === "hidden") return <input type="hidden" name={node.name} value={value} />;
  if (node.type === "submit" || node.type === "button")
    return (
      <button type={node.type} name={node.name} value={value} disabled={disabled}>
        {node.label?.text ?? value}
      </button>
    );
  const described = node.messages.length > 0 ? `${id}-messages` : undefined;
  const common = {
    id,
    name: node.name,
    disabled,
    required: node.required,
    "aria-describedby": described,
    "aria-invalid": node.messages.some(({ type }) => type === "error") || undefined,
  };
  return (
    <div>
      <label htmlFor={id}>{node.label?.text ?? node.name}</label>
      {node.options.length > 0 ? (
        <select {...common} defaultValue={value}>
          {!node.required && <option value="" />}
          {node.options.map((option) => (
            <option key={String(option)}>{String(option)}</option>
          ))}
        </select>
      ) : node.type === "checkbox" ? (
        <input {...common} required={false} type="checkbox" value="true" defaultChecked={node.value === true} />
      ) : (
        <input
          {...common}
          type={node.type}
          defaultValue={value}
          autoComplete={node.autocomplete}
          pattern={node.pattern}
          maxLength={node.maxLength}
          step={node.type === "number" ? "any" : undefined}
        />
      )}
      <Messages id={described} messages={node.messages} />
    </div>
  );
};

/** What Messages shows. */
export interface MessagesProps {
  readonly id?: string | undefined;
  readonly messages: readonly Text[];
}

/** Shows messages, errors as alerts. */
export const Messages = ({ id, messages }: MessagesProps): ReactNode =>
  messages.length === 0 ? null : (
    <div id={id}>
      {messages.map((message) => (
        <p key={message.id} role={message.type === "error" ? "alert" : "status"} data-message={message.id}>
          {message.text}
        </p>
      ))}
    </div>
  );
