/** What owners do with their account as a whole. */
export interface AccountConfig {
  readonly deletion: {
    readonly enabled: boolean;
    /** 0: at once. */
    readonly delay: number;
    readonly undone_by_sign_in: boolean;
    readonly undo_url: string;
  };
}
