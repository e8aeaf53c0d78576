import type { FlowRecord } from "../shared/flow.ts";

/**
 * What submits the form of a recovery: a browser in which the link of a native app's flow was opened goes on as one.
 *
 * @param opened what the link of the flow brought into the browser of the call; undefined where none was opened there
 */
export const clientOf = ({ type }: Pick<FlowRecord, "type">, opened: string | undefined): FlowRecord["type"] =>
  opened === undefined ? type : "browser";
