import type { ConfigFiles } from "./config-files.ts";

/** What `ostiary move-in` was called with. */
export interface MoveInCall extends ConfigFiles {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly from: string;
  /** Configuration of the source; none: that of this side. */
  readonly fromFiles: readonly string[];
  readonly network: string | undefined;
  readonly check: boolean;
  readonly deletes: boolean;
  readonly json: boolean;
  readonly workers: number;
  /** Left out: as many as there are processors, and one where few people move. */
  readonly threads: number | undefined;
}
