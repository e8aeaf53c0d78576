/** How a peer on a Unix socket is called: it has no address. `trusted_proxies` names it so, too. */
export const UNIX_PEER = "unix";

/** Who is at the other end of a connection: its IP address as the socket has it, or `UNIX_PEER`. */
export const peerOf = ({ remoteAddress }: { readonly remoteAddress?: string | undefined }): string =>
  remoteAddress || UNIX_PEER;
