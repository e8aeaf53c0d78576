import type { PlacedNode } from "./place-nodes.ts";

/** Part of a form: the nodes of one group. */
export interface FormPart {
  readonly group: string;
  readonly nodes: readonly PlacedNode[];
}

/** One `<form>`. */
export interface ArrangedForm {
  readonly parts: readonly FormPart[];
}

/**
 * Divides the nodes of a flow into forms.
 *
 * `apart`: one form for each group with something to see. The hidden nodes of the default group, such
 * as the anti-CSRF token, go into each; visible ones go with `profile`.
 *
 * `together`: one form for all, because what is entered in the default group (an
 * identifier, traits) goes with every method. Without such entries it is as
 * `apart`, so that Enter in a field submits the method it belongs to.
 *
 * Enter presses the first button of a form (HTML Standard §4.10.21.2, implicit
 * submission). So groups with entries of their own come first, then the buttons
 * that submit what was entered, then those that lead to other sites; and within a
 * group with entries the button of its method comes before the others.
 */
export const arrangeForms = (nodes: readonly PlacedNode[], how: "apart" | "together"): ArrangedForm[] => {
  const shared = nodes.filter(isShared);
  const common = nodes.filter(({ node, isVisible }) => node.group === "default" && isVisible);
  const parts = partsOf(
    nodes.filter((placed) => placed.node.group !== "default" && placed.part !== "script" && !isShared(placed)),
  );
  if (how === "together") parts.sort((a, b) => rankOf(a) - rankOf(b));
  const lead: FormPart = { group: "default", nodes: [...shared, ...common] };

  if (how === "together" && common.length > 0) return [{ parts: [lead, ...parts] }];

  const visible = parts.filter((part) => part.nodes.some(({ isVisible }) => isVisible));
  if (visible.length === 0) return lead.nodes.length > shared.length ? [{ parts: [lead] }] : [];
  const bearer = visible.find(({ group }) => group === "profile") ?? visible[0];
  return visible.map((part) => ({ parts: [part === bearer ? lead : { group: "default", nodes: shared }, part] }));
};

/** Whether a hidden field goes with every method: the anti-CSRF token, and who it is where that was asked for first. */
const isShared = ({ node, part }: PlacedNode): boolean =>
  part === "hidden" && (node.group === "default" || node.group === "identifier_first");

/** By group, in the order in which the groups first appear. */
const partsOf = (nodes: readonly PlacedNode[]): FormPart[] => {
  const parts = new Map<string, PlacedNode[]>();
  for (const placed of nodes) {
    const part = parts.get(placed.node.group);
    if (part === undefined) parts.set(placed.node.group, [placed]);
    else part.push(placed);
  }
  return [...parts].map(([group, members]) => ({ group, nodes: methodFirst(members) }));
};

/** Moves the button of the method before the other buttons of a group in which something is entered. */
const methodFirst = (nodes: readonly PlacedNode[]): readonly PlacedNode[] => {
  const firstButton = nodes.findIndex(({ part }) => part === "button");
  const method = nodes.findIndex(isMethodButton);
  if (method <= firstButton || !nodes.some(({ part }) => part === "field")) return nodes;
  const others = nodes.filter((_, at) => at !== method);
  return [...others.slice(0, firstButton), ...nodes.slice(method, method + 1), ...others.slice(firstButton)];
};

/** Where a group stands in a form that holds several. */
const rankOf = (part: FormPart): number => {
  if (!isButtonsOnly(part)) return 0;
  return part.nodes.some(isMethodButton) ? 1 : 2;
};

/** Whether a node submits what was entered, instead of leading to a provider or back. */
const isMethodButton = ({ node: { attributes }, part }: PlacedNode): boolean =>
  part === "button" && attributes.node_type === "input" && attributes.type === "submit" && attributes.name === "method";

/** Whether a group has nothing to enter or to read. */
export const isButtonsOnly = ({ nodes }: FormPart): boolean =>
  nodes.every(({ part }) => part === "button" || part === "hidden");
