import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { hasErrors, isMessageSent } from "../../methods/contract/flow.ts";
import type { FlowRecord } from "./flow.ts";

/* The form of a login or registration flow in which a code was sent (docs/compatibility.md, rule 29). */

/** The method that sends codes. */
export const CODE_METHOD = "code";

/** Whether nothing was submitted since that was wrong: the nodes stand as the method returns them, unsorted. */
export const isNewlySent = ({ state, form }: Pick<FlowRecord, "state" | "form">): boolean =>
  isMessageSent({ state }) && !hasErrors({ form });

/** Puts the anti-CSRF field last; native apps, whose field is empty, have none. */
export const csrfLast = (csrf: UiNode, nodes: readonly UiNode[], csrfToken: string): readonly UiNode[] =>
  csrfToken === "" ? nodes : [...nodes, csrf];

/** Puts the anti-CSRF field first. */
export const csrfFirst = (csrf: UiNode, nodes: readonly UiNode[]): readonly UiNode[] => [csrf, ...nodes];
