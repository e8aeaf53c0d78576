import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import { parseDsn } from "../../src/lib/dsn.ts";

/** Where a server listens: the path of its socket, or whatever Node connects to. */
export type Target = string | NetConnectOpts;

/** A way over TCP to a server, that a test can do things to. */
export interface Way {
  readonly port: number;
  /** Everything that clients sent, as it went over the wire. */
  readonly sent: Buffer[];
  /** How many connections were made. */
  readonly made: () => number;
  /** How many there are now. */
  readonly open: () => number;
  /** Ends all connections, and each new one at once. */
  cut(): void;
  /** Takes connections and says nothing, on those that are there as well. */
  freeze(): void;
  mend(): void;
  /** Leads somewhere else from now on. */
  lead(target: Target): void;
  close(): void;
}

/** Opens a way, on a port that is free. */
export const openWay = async (target: Target, host = "127.0.0.1"): Promise<Way> => {
  const sockets = new Set<Socket>();
  const sent: Buffer[] = [];
  const state: { kind: "open" | "cut" | "frozen"; target: Target; made: number } = { kind: "open", target, made: 0 };
  const server = createServer((client) => {
    state.made++;
    if (state.kind === "cut") return void client.destroy();
    const upstream = connect(optionsOf(state.target));
    for (const [one, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.on("data", (data) => {
        if (one === client) sent.push(data);
        if (state.kind !== "frozen") other.write(data);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    sent,
    made: () => state.made,
    open: () => sockets.size / 2,
    cut: () => {
      state.kind = "cut";
      end();
    },
    freeze: () => {
      state.kind = "frozen";
    },
    mend: () => {
      if (state.kind === "frozen") end();
      state.kind = "open";
    },
    lead: (next) => {
      state.target = next;
    },
    close: () => {
      end();
      server.close();
    },
  };
};

const optionsOf = (target: Target): NetConnectOpts => (typeof target === "string" ? { path: target } : target);

/** The first place that a DSN names. */
export const placeOf = (dsn: string): NetConnectOpts => {
  const [address] = parseDsn(dsn).addresses;
  return address.socketPath === undefined ? { host: address.host, port: address.port } : { path: address.socketPath };
};
