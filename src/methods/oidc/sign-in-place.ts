/** Where people sign in, and what the pages say there. */
export interface SignInPlace {
  /** Public base URL, without a slash at its end. */
  readonly publicUrl: string;
  /** The page that people sign in at. */
  readonly loginPage: string;
  /** Whether someone whose address belongs to an account gets to know how its owner signs in. */
  readonly loginHints: boolean;
  /** Whether an address that nobody has proven is answered the same, whether somebody has it or not. */
  readonly hidesAccounts: boolean;
}
