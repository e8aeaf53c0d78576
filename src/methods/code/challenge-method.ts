import type { SecretKind } from "../../challenge/secret-kind.ts";
import type { ChallengeMethod } from "../contract/challenge.ts";
import type { OneTimeCodes } from "./one-time-code.ts";

/** What the method by code is made of. */
export interface CodeMethodDeps {
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly config: { readonly lifespan: number };
  readonly codes: OneTimeCodes;
  readonly now: () => Date;
}

/** One-time codes as a kind of secret that is sent. */
export const createCodeKind = ({ config, codes, now }: Omit<CodeMethodDeps, "enabled">): SecretKind => ({
  lifespan: config.lifespan,
  isGuessable: true,
  issue: (binding, lifespan = config.lifespan) => {
    const { code, sealed } = codes.issue(binding, lifespan);
    return { secret: code, sealed, expiresAt: new Date(now().getTime() + lifespan) };
  },
  check: codes.check,
});

/** What verification and recovery by code have in common. */
export const createCodeMethod = ({
  enabled,
  ...deps
}: CodeMethodDeps): Omit<ChallengeMethod<"code">, "nodes" | "sent" | "wrong"> => ({
  name: "code",
  enabled,
  ...createCodeKind(deps),
});
