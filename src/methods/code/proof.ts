import type { SecretKind } from "../../challenge/secret-kind.ts";
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

/** One-time codes as a kind of secret that is sent. */
export const createCodeKind = ({ config, codes, now }: Omit<CodeProofDeps, "enabled">): SecretKind => ({
  lifespan: config.lifespan,
  isGuessable: true,
  issue: (binding, lifespan = config.lifespan) => {
    const { code, sealed } = codes.issue(binding, lifespan);
    return { secret: code, sealed, expiresAt: new Date(now().getTime() + lifespan) };
  },
  check: codes.check,
});

/** What verification and recovery by code have in common. */
export const createCodeProof = ({
  enabled,
  ...deps
}: CodeProofDeps): Omit<ProofMethod<"code">, "nodes" | "sent" | "wrong"> => ({
  name: "code",
  enabled,
  ...createCodeKind(deps),
});
