/** How passwords are hashed, and what hashing may cost. */
export interface HashersConfig {
  readonly algorithm: "argon2" | "bcrypt";
  readonly argon2: {
    /** KiB. */
    readonly memory: number;
    readonly iterations: number;
    readonly parallelism: number;
    /** Bytes. */
    readonly salt_length: number;
    /** Bytes. */
    readonly key_length: number;
  };
  readonly bcrypt: { readonly cost: number };
  /** How many run at once; 0: one for each processor but one, and one at least. */
  readonly concurrency: number;
  /** How many may wait for each purpose; more are refused with a retry delay. */
  readonly queue: number;
  /** The most that comparing with a stored hash may cost. */
  readonly max_cost: {
    readonly bcrypt: number;
    /** KiB. */
    readonly argon2_memory: number;
    readonly argon2_iterations: number;
  };
}
