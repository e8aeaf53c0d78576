import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line to a server that breaks. */
export interface CuttingLine {
  /** What clients connect to instead. */
  readonly url: string;
  close(): Promise<void>;
}

/** Passes on what goes to a server, and so many bytes of what comes back on each connection; then it breaks. */
export const startCuttingLine = async (target: string, bytes: number): Promise<CuttingLine> => {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const line = createServer((client) => {
    const server = connect(Number(port), hostname);
    let left = bytes;
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      // Whoever is at the other end hears of it.
      socket.on("error", () => undefined);
    }
    client.pipe(server);
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
    server.on("data", (chunk) => {
      if (left <= 0) return;
      const part = chunk.subarray(0, left);
      left -= part.byteLength;
      client.write(part, () => {
        if (left <= 0) client.destroy();
      });
    });
  });
  await new Promise<void>((resolve) => line.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(line.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        line.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
};
