import type { ProofMethod } from "../contract/proof.ts";
import type { OneTimeCodes } from "./one-time-code.ts";

/** What a proof by code is made of. */
export interface CodeProofDeps {
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly config: { readonly lifespan: number };
  readonly codes: OneTimeCodes;
  readonly now: () => Date;
}

/** What verification and recovery by code have in common. */
export const createCodeProof = ({
  enabled,
  config,
  codes,
  now,
}: CodeProofDeps): Omit<ProofMethod<"code">, "nodes" | "sent" | "wrong"> => ({
  name: "code",
  enabled,
  lifespan: config.lifespan,
  isGuessable: true,
  issue: (binding, lifespan = config.lifespan) => {
    const { code, sealed } = codes.issue(binding, lifespan);
    return { secret: code, sealed, expiresAt: new Date(now().getTime() + lifespan) };
  },
  check: codes.check,
});
