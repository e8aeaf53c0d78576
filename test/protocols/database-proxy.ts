import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDsn } from "../../src/lib/dsn.ts";
import type { FreshDatabase } from "../setup/fresh-database.ts";
import { placeOf } from "../setup/way.ts";
import {
  createPacketReader,
  errorPacket,
  isAnswerWhole,
  isOk,
  type Packet,
  preparedId,
  readCommand,
  type ServerError,
} from "./mysql-packets.ts";

/** A statement on its way to the server. */
export interface PassingStatement {
  /** With its placeholders. */
  readonly text: string;
  /** Of a prepared statement, as they go over the wire. */
  readonly values: Buffer;
}

/** What becomes of a statement: nothing is as it would be, but for the part that the server did. */
export type Fault =
  /** The connection ends, before the server has the statement or when it has carried it out. */
  | { readonly cut: "before" | "after" }
  /** The client is told an error, in place of the statement or, of a write or COMMIT, after it was carried out. */
  | { readonly error: ServerError; readonly when: "before" | "after" }
  /** It comes late, by milliseconds. */
  | { readonly delay: number };

/** Says what becomes of a statement; undefined: it passes. */
export type Rule = (statement: PassingStatement) => Fault | undefined;

/** A way to the database on which statements can be watched, held up, answered in the server's place, or lost. */
export interface DatabaseProxy {
  readonly dsn: string;
  /** From now on, in place of the rule before. */
  rule(next: Rule): void;
  /** Ends all connections and lets nobody through. */
  cut(): void;
  /**
   * Delivers the next statement that holds this word in its text, or this in its values, and ends its connection in
   * place of the answer.
   */
  cutAfter(what: string | Buffer): void;
  /** Lets everything through. */
  mend(): void;
  close(): Promise<void>;
}

const pass: Rule = () => undefined;

/** Opens a way to a database over TCP. */
export const openDatabaseProxy = async (database: FreshDatabase): Promise<DatabaseProxy> => {
  const sockets = new Set<Socket>();
  const state = { isCut: false, rule: pass };
  const server = createServer((client) => {
    if (state.isCut) return void client.destroy();
    const upstream = connect(placeOf(database.dsn));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    relay(client, upstream, (statement) => state.rule(statement));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  const { user, password } = parseDsn(database.dsn);
  const login = password === "" ? user : `${user}:${password}`;
  return {
    dsn: `mysql://${login}@tcp(127.0.0.1:${(server.address() as AddressInfo).port})/${database.name}?parseTime=true`,
    rule: (next) => {
      state.rule = next;
    },
    cut: () => {
      state.isCut = true;
      end();
    },
    cutAfter: (what) => {
      const isIn = (text: string) => typeof what === "string" && new RegExp(`\\b${what}\\b`).test(text);
      state.rule = ({ text, values }) => {
        if (!isIn(text) && !values.includes(what)) return undefined;
        state.rule = pass;
        return { cut: "after" };
      };
    },
    mend: () => {
      state.isCut = false;
      state.rule = pass;
    },
    close: () =>
      new Promise((resolve) => {
        end();
        server.close(() => resolve());
      }),
  };
};

/** What is done with the next answer of the server, in place of handing it over. */
type OnAnswer = (packet: Packet) => void;

/** Hands over what both sides say, and does to statements what the rule says. */
const relay = (client: Socket, upstream: Socket, rule: Rule): void => {
  const fromClient = createPacketReader();
  const fromServer = createPacketReader();
  const prepared = new Map<number, string>();
  let hasEntered = false;
  /** A statement that is being prepared. */
  let preparing: string | undefined;
  let onAnswer: OnAnswer | undefined;

  upstream.on("data", (data) => {
    for (const packet of fromServer(data)) {
      // What follows the OK of the login is commands and their answers.
      if (!hasEntered && packet.sequence > 0 && isOk(packet)) hasEntered = true;
      else if (preparing !== undefined) {
        const id = preparedId(packet);
        if (id !== undefined) prepared.set(id, preparing);
        preparing = undefined;
      }
      if (onAnswer === undefined) client.write(packet.bytes);
      else onAnswer(packet);
    }
  });

  const apply = (fault: Fault, packet: Packet) => {
    if ("delay" in fault) return void sleep(fault.delay).then(() => upstream.write(packet.bytes));
    if ("cut" in fault) {
      if (fault.cut === "before") return void client.destroy();
      onAnswer = () => client.destroy();
    } else {
      const told = errorPacket(fault.error, packet.sequence);
      if (fault.when === "before") return void client.write(told);
      onAnswer = (answer) => {
        onAnswer = undefined;
        if (!isAnswerWhole(answer)) throw new Error("only a statement without rows can be answered after the fact");
        client.write(told);
      };
    }
    upstream.write(packet.bytes);
  };

  client.on("data", (data) => {
    for (const packet of fromClient(data)) {
      const command = hasEntered ? readCommand(packet) : undefined;
      if (command?.kind === "prepare") preparing = command.text;
      const statement =
        command?.kind === "query"
          ? { text: command.text, values: Buffer.alloc(0) }
          : command?.kind === "execute" && { text: prepared.get(command.id) ?? "", values: command.values };
      const fault = statement ? rule(statement) : undefined;
      if (fault === undefined) upstream.write(packet.bytes);
      else apply(fault, packet);
    }
  });
};
