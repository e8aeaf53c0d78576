import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from "smtp-server";

/** A mail as it came. */
export interface ReceivedMail {
  readonly from: string;
  /** Of the envelope. */
  readonly to: readonly string[];
  readonly raw: string;
  readonly parsed: ParsedMail;
  /** Six digits in its text. */
  readonly code: string | undefined;
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
  /** What the client called itself. */
  readonly clientName: string;
  /** Of the connection it came by. */
  readonly connection: string;
}

/** A real mail server, which fails when it is told to. */
export interface MailServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** What becomes of the next commands; a test sets it and sets it back. */
  readonly behaviour: {
    /** An error for a recipient. */
    refuse: (recipient: string) => Refusal | undefined;
    /** An error for a mail that has come whole. */
    refuseMail: (raw: string) => Refusal | undefined;
    /** Milliseconds before a mail that has come whole is answered. */
    delay: number;
    /** Never answers a mail that has come whole, though it is there. */
    hangsAfterData: boolean;
    /** Ends the connection in the place of an answer to a mail that has come whole. */
    cutsAfterData: boolean;
  };
  /** The newest mail to an address that this has not given before. @throws Error when none comes */
  wait(to: string, seconds?: number): Promise<ReceivedMail>;
  close(): Promise<void>;
}

/** Starts a mail server on a free port, or on one of the test's. */
export const startMailServer = async (options: SMTPServerOptions = {}, port = 0): Promise<MailServer> => {
  const mails: ReceivedMail[] = [];
  const given = new Set<ReceivedMail>();
  const behaviour: MailServer["behaviour"] = {
    refuse: () => undefined,
    refuseMail: () => undefined,
    delay: 0,
    hangsAfterData: false,
    cutsAfterData: false,
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    logger: false,
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo: ({ address }, _, callback) => {
      const refused = behaviour.refuse(address);
      callback(refused && failure(refused));
    },
    onData: (stream, session, callback) => {
      receive(stream, session, behaviour.refuseMail).then(async (received) => {
        if ("code" in received) return callback(failure(received));
        mails.push(received.mail);
        if (behaviour.cutsAfterData) return cut(server, session.id);
        if (behaviour.hangsAfterData) return undefined;
        await sleep(behaviour.delay);
        return callback();
      }, callback);
    },
    ...options,
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    behaviour,
    wait: async (to, seconds = 10) => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(10)) {
        const mail = mails.findLast((each) => !given.has(each) && each.to.includes(to));
        if (mail === undefined) continue;
        given.add(mail);
        return mail;
      }
      throw new Error(`no mail to ${to}`);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
};

interface Refusal {
  readonly code: number;
  readonly text: string;
}

const receive = async (
  stream: AsyncIterable<Buffer>,
  session: SMTPServerSession,
  refuse: (raw: string) => Refusal | undefined,
): Promise<Refusal | { readonly mail: ReceivedMail }> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const raw = Buffer.concat(chunks).toString("utf8");
  const refused = refuse(raw);
  if (refused) return refused;
  const parsed = await simpleParser(raw);
  const { mailFrom, rcptTo } = session.envelope;
  return {
    mail: {
      from: mailFrom === false ? "" : mailFrom.address,
      to: rcptTo.map(({ address }) => address),
      raw,
      parsed,
      code: /\b\d{6}\b/.exec(parsed.text ?? "")?.[0],
      isEncrypted: session.secure,
      user: typeof session.user === "string" ? session.user : undefined,
      clientName: String(session.hostNameAppearsAs),
      connection: session.id,
    },
  };
};

const failure = ({ code, text }: Refusal): Error => Object.assign(new Error(text), { responseCode: code });

const cut = (server: SMTPServer, id: string): void => {
  for (const connection of server.connections) if (connection.id === id) connection.close();
};
