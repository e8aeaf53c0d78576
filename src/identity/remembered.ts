import type { IdentityRecord } from "./identity.ts";

/** How many people are remembered. One takes some kilobytes, with what was made of it. */
const MOST = 4096;

/** What tells one state of a person from every other. */
interface State {
  readonly i_id: Buffer;
  readonly i_version: number;
  readonly i_updated_at: Date;
  readonly i_state: string;
}

/**
 * Makes of the same row the same record: reading, presenting and printing a
 * person costs more than fetching them, and most reads find them unchanged.
 * The row is still read each time; only a row of the same version and time is
 * not taken apart again. Whether a person may sign in is looked at all the
 * same: whoever disables someone by hand must not have to think of the version.
 * The longest unused are forgotten first.
 */
export const remembered = <Row extends State>(read: (row: Row) => IdentityRecord): ((row: Row) => IdentityRecord) => {
  const records = new Map<string, IdentityRecord>();
  return (row) => {
    const key = row.i_id.toString("latin1");
    const known = records.get(key);
    if (known !== undefined) records.delete(key);
    const same =
      known?.version === row.i_version && known.updatedAt.getTime() === row.i_updated_at.getTime() && (known.state === "active") === (row.i_state === "active");
    const record = known !== undefined && same ? known : read(row);
    const [oldest] = records.size >= MOST ? records.keys() : [];
    if (oldest !== undefined) records.delete(oldest);
    records.set(key, record);
    return record;
  };
};
