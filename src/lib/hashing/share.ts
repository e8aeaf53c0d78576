/** What a password is hashed or compared for, most urgent first. */
export const purposes = ["session", "device", "sign_in", "sign_up"] as const;

/**
 * What a password is hashed or compared for:
 *
 * - `session`: someone who is signed in changes a password or authenticates again;
 * - `device`: someone signs in where they signed in before;
 * - `sign_in`: anybody else signs in;
 * - `sign_up`: someone registers.
 */
export type Purpose = (typeof purposes)[number];

/** On whose share of the processor a hash is computed. */
export interface Share {
  readonly purpose: Purpose;
  /** Where the call comes from; see limits/network.ts. */
  readonly network: string;
  /** Whom it is about: within a network, subjects take turns. */
  readonly subject: string;
  /** Work that has not begun is left out once this is aborted. */
  readonly signal?: AbortSignal;
  /** Called when the work begins: milliseconds in the queue. */
  readonly onTurn?: (waited: number) => void;
}

/**
 * How much of the processor a purpose has while others wait as well. What is
 * not used falls to the rest.
 */
export const weights: Readonly<Record<Purpose, number>> = { session: 8, device: 4, sign_in: 2, sign_up: 1 };
