import type { ChallengeMethod } from "../../methods/contract/challenge.ts";

/** Whether messages of a method can go to phones: a code fits a text, a link does not. */
export const sendsToPhones = ({ name }: Pick<ChallengeMethod, "name">): boolean => name === "code";
