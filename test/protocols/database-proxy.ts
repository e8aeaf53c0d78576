import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import type { FreshDatabase } from "../setup/fresh-database.ts";

/** A way to the database that can be cut. */
export interface DatabaseProxy {
  readonly dsn: string;
  /** Ends all connections and lets nobody through. */
  cut(): void;
  /** Delivers the next text that holds these letters, and ends its connection before the answer. */
  cutAfter(letters: string): void;
  mend(): void;
  close(): Promise<void>;
}

/** Opens a way to a database over TCP. */
export const openDatabaseProxy = async (database: FreshDatabase): Promise<DatabaseProxy> => {
  const sockets = new Set<Socket>();
  let isCut = false;
  let last: string | undefined;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(database.connection.socketPath);
    client.on("data", (data) => {
      if (last === undefined || !data.includes(last)) return;
      last = undefined;
      upstream.unpipe(client);
      setTimeout(() => client.destroy(), 20);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    dsn: `mysql://${database.connection.user}@tcp(127.0.0.1:${(server.address() as AddressInfo).port})/${database.name}?parseTime=true`,
    cut: () => {
      isCut = true;
      end();
    },
    cutAfter: (letters) => {
      last = letters;
    },
    mend: () => {
      isCut = false;
    },
    close: () =>
      new Promise((resolve) => {
        end();
        server.close(() => resolve());
      }),
  };
};
