/**
 * Why the private database could not be started, or is gone. The message is one line for
 * the person at the terminal and says what to do about it.
 *
 * - `no-server`: no database server on this machine
 * - `in-use`: another process runs a server on the same folder
 * - `folder`: the data folder cannot be used
 * - `failed`: the server, or the filling of its folder, did not come up
 * - `lost`: the server ended while it was in use
 */
export class PrivateDatabaseError extends Error {
  override readonly name = "PrivateDatabaseError";
  readonly reason: "no-server" | "in-use" | "folder" | "failed" | "lost";

  constructor(reason: PrivateDatabaseError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}
