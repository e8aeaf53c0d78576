import { connect, isIP, type Socket } from "node:net";
import type { Host, Hosts } from "./hosts.ts";

/** What the driver passes when it opens a connection: the options of that connection. */
interface Wanted {
  readonly config: object;
}

/** A connection in the making, or made. */
export interface Attempt {
  readonly host: Host;
  /** It could be used at least once: from now on its end says nothing about the host. */
  ready: boolean;
}

/** Opens connections for the driver. */
export interface Streams {
  /** For mysql2's option `stream`. */
  readonly open: (wanted: Wanted) => Socket;
  /** Which host a connection of these options leads to. */
  attempt(config: object): Attempt | undefined;
}

/**
 * Creates what opens connections: it picks a host, tells the driver how to
 * enter it, and takes note when the host does not answer, disconnects, or does not
 * greet in time.
 */
export const createStreams = (hosts: Hosts, greetingMs: number): Streams => {
  const attempts = new WeakMap<object, Attempt>();
  return {
    attempt: (config) => attempts.get(config),
    open: ({ config }) => {
      const host = hosts.pick();
      const attempt: Attempt = { host, ready: false };
      attempts.set(config, attempt);
      const { address, user, password, database, ssl, mayBeClear } = host;
      const place =
        address.socketPath === undefined
          ? { host: address.host, port: address.port }
          : { socketPath: address.socketPath };
      Object.assign(config, { user, password, database, ssl: ssl ?? false, ...place });

      const socket =
        address.socketPath === undefined ? connect(address.port, address.host) : connect(address.socketPath);
      if (address.socketPath === undefined) {
        socket.setNoDelay(true).setKeepAlive(true, 30_000);
        // Node checks a certificate against the name that a socket was opened by, but keeps no address there;
        // without it the name would be localhost.
        if (isIP(address.host) !== 0) Object.assign(socket, { _host: address.host });
      }
      const greetingTimeout = setTimeout(
        () => socket.destroy(Object.assign(new Error("no greeting in time"), { code: "ETIMEDOUT" })),
        greetingMs,
      );
      socket.once("data", (greeting: Buffer) => {
        clearTimeout(greetingTimeout);
        if (mayBeClear && !offersTls(greeting)) Object.assign(config, { ssl: false });
      });
      const ended = () => {
        clearTimeout(greetingTimeout);
        if (!attempt.ready) hosts.failed(host);
      };
      return socket.once("error", ended).once("close", ended);
    },
  };
};

/** Whether a greeting has CLIENT_SSL among its capabilities (MySQL protocol, HandshakeV10). */
const offersTls = (packet: Buffer): boolean => {
  const version = packet.indexOf(0, 5);
  const flags = version + 1 + 4 + 8 + 1;
  return version < 0 || packet.length < flags + 2 || (packet.readUInt16LE(flags) & 0x0800) !== 0;
};
