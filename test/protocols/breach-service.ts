import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A breach service of the tests' own, which knows the passwords it is told. */
export interface BreachService {
  readonly url: string;
  /** What it was asked for, by path. */
  readonly asked: string[];
  /** What it answers with from now on; left out, it answers as it should. */
  failing?: "error" | "silence" | "nonsense" | undefined;
  know(password: string, count: number): void;
  close(): Promise<void>;
}

/** Starts a breach service. */
export const startBreachService = async (): Promise<BreachService> => {
  const known: string[] = [];
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (service.failing === "silence") return;
    if (service.failing === "error") return void response.writeHead(500).end();
    if (service.failing === "nonsense") return void response.end("<html>not here</html>");
    const prefix = (request.url ?? "").slice("/range/".length);
    const lines = known.filter((line) => line.startsWith(prefix)).map((line) => line.slice(5));
    response.end([...lines, `${"0".repeat(35)}:3`].join("\r\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const service: BreachService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    know: (password, count) =>
      void known.push(`${createHash("sha1").update(password).digest("hex").toUpperCase()}:${count}`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return service;
};
