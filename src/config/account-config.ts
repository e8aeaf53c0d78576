/** What owners do with their account as a whole. */
export interface AccountConfig {
  readonly deletion: {
    readonly enabled: boolean;
    /** 0: at once. */
    readonly delay: number;
    readonly undone_by_sign_in: boolean;
    readonly undo_url: string;
  };
  readonly merge: {
    /** Whether people can merge another account of theirs into the one that they are signed in to. */
    readonly enabled: boolean;
  };
  readonly invitation: {
    /** Milliseconds for which the link of a message is good. */
    readonly lifespan: number;
    /** The page that it leads to. */
    readonly accept_url: string;
  };
}
