import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A mail that was delivered. */
export interface Mail {
  readonly to: readonly string[];
  readonly body: string;
  /** The six digits in it. */
  readonly code: string | undefined;
}

/** An SMTP server that keeps what it gets. */
export interface Mailbox {
  readonly port: number;
  /** Seconds that `wait` waits. */
  timeout: number;
  /** The newest mail to an address that nobody took yet. @throws Error when none comes */
  wait(to: string): Promise<Mail>;
  close(): void;
}

/** Starts a mailbox on a free port. */
export const startMailbox = async (): Promise<Mailbox> => {
  const mails: Mail[] = [];
  const server = createServer((socket) => receive(socket, (mail) => mails.push(mail)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const mailbox: Mailbox = {
    port: (server.address() as AddressInfo).port,
    timeout: 15,
    wait: async (to) => {
      for (const end = Date.now() + mailbox.timeout * 1000; Date.now() < end; await sleep(50)) {
        const at = mails.findLastIndex((mail) => mail.to.includes(to.toLowerCase()));
        const [mail] = at === -1 ? [] : mails.splice(at, 1);
        if (mail) return mail;
      }
      throw new Error(`no mail to ${to}`);
    },
    close: () => server.close(),
  };
  return mailbox;
};

/** As much of RFC 5321 as a courier needs that sends one plain mail after the other. */
const receive = (socket: Socket, deliver: (mail: Mail) => void): void => {
  let [buffer, body] = ["", ""];
  let to: string[] = [];
  let inData = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  const take = (line: string): void => {
    if (inData && line === ".") {
      deliver({ to, body, code: /\b\d{6}\b/.exec(body)?.[0] });
      [inData, to, body] = [false, [], ""];
      say("250 ok");
      return;
    }
    if (inData) {
      body += `${line.startsWith("..") ? line.slice(1) : line}\n`;
      return;
    }
    if (/^DATA/i.test(line)) {
      inData = true;
      say("354 go on");
      return;
    }
    const recipient = /^RCPT TO:.*<([^>]*)>/i.exec(line)?.[1];
    if (recipient !== undefined) to.push(recipient.toLowerCase());
    say(/^QUIT/i.test(line) ? "221 bye" : "250 ok");
    if (/^QUIT/i.test(line)) socket.end();
  };
  say("220 mailbox ESMTP");
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    buffer += chunk.toString("utf8");
    for (let at = buffer.indexOf("\r\n"); at >= 0; at = buffer.indexOf("\r\n")) {
      const line = buffer.slice(0, at);
      buffer = buffer.slice(at + 2);
      take(line);
    }
  });
};
