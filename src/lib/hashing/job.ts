/** What the hashing process is asked to do. */
export type Job =
  | {
      readonly kind: "argon2";
      readonly password: string;
      readonly memory: number;
      readonly iterations: number;
      readonly parallelism: number;
      readonly saltBytes: number;
      readonly digestBytes: number;
    }
  | { readonly kind: "bcrypt"; readonly password: string; readonly cost: number }
  /** Is it one of these? All are tried when none is right. */
  | { readonly kind: "verify"; readonly candidates: readonly string[]; readonly stored: string };

/** A job on its way. */
export interface Request {
  readonly id: number;
  readonly job: Job;
}

/** Its answer: the new hash, or which candidate was right (-1: none). */
export type Response = { readonly id: number } & (
  | { readonly hash: string }
  | { readonly match: number }
  | { readonly failed: string }
);
