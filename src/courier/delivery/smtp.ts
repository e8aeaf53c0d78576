import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createTransport, type NodemailerError } from "nodemailer";
import type { SenderConfig, SmtpConfig } from "../../config/courier-config.ts";
import { checkedLookup } from "../../lib/outbound/outbound-fetch.ts";
import type { Delivery, DeliveryResult } from "./delivery.ts";

/** What delivering by SMTP needs. */
export interface SmtpOptions {
  readonly smtp: SmtpConfig;
  readonly sender: SenderConfig;
  /** Milliseconds of one attempt. */
  readonly timeout: number;
  /** Connections at once. */
  readonly connections: number;
}

/** Milliseconds after which a connection that nobody uses is ended: servers end them soon, too. */
const IDLE_MS = 20_000;
const MAILS_OF_A_CONNECTION = 100;

/**
 * Creates delivery by SMTP (RFC 5321), over connections that are used again. Unless the URI says otherwise the
 * connection is encrypted: by TLS from its beginning, or by STARTTLS, which the server must then offer (RFC 3207).
 * An attempt is one attempt: what is tried again, and when, is the job's business.
 */
export const createSmtpDelivery = ({ smtp, sender, timeout, connections }: SmtpOptions): Delivery => {
  const transport = createTransport({
    pool: true,
    maxConnections: connections,
    maxMessages: MAILS_OF_A_CONNECTION,
    maxRequeues: 0,
    idleTimeout: IDLE_MS,
    host: smtp.host,
    port: smtp.port,
    name: smtp.local_name,
    secure: smtp.implicit_tls,
    requireTLS: !smtp.implicit_tls && !smtp.disable_starttls,
    ignoreTLS: smtp.disable_starttls,
    ...(smtp.auth && { auth: { user: smtp.auth.user, pass: smtp.auth.password } }),
    tls: {
      minVersion: "TLSv1.2",
      rejectUnauthorized: !smtp.skip_ssl_verify,
      ...(smtp.server_name !== undefined && { servername: smtp.server_name }),
      ...(smtp.client_certificate && {
        cert: readFileSync(smtp.client_certificate.cert),
        key: readFileSync(smtp.client_certificate.key),
      }),
    },
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    socketCloseTimeout: 1_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(smtp.disallow_private && { getSocket: publicSocket(timeout) }),
  });

  return {
    deliver: async ({ id, recipient, createdAt }, { subject, text, html }, signal) => {
      try {
        await transport.sendMail({
          // One address and no more, whatever signs there are in it.
          envelope: { from: sender.address, to: [recipient] },
          from: { name: sender.name, address: sender.address },
          to: { name: "", address: recipient },
          subject,
          text,
          ...(html !== undefined && { html }),
          date: createdAt,
          messageId: messageIdOf(id, sender.address),
          headers: {
            // Nobody's absence is answered to a machine (RFC 3834, 5).
            "auto-submitted": "auto-generated",
            "x-auto-response-suppress": "All",
            ...sender.headers,
          },
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
        });
        return { kind: "sent" };
      } catch (error) {
        signal.throwIfAborted();
        return describeFailure(error as NodemailerError);
      }
    },
    close: () => transport.close(),
  };
};

/** The same at every attempt, so that a mail that comes twice is shown once. */
const messageIdOf = (id: string, address: string): string => `<${id}@${address.slice(address.lastIndexOf("@") + 1)}>`;

/** Commands whose refusal concerns this message alone. */
const ofTheMessage = /^(?:RCPT TO|DATA)/;

/**
 * What went wrong, by codes alone: what the server says may quote the mail. A mail that is refused for good (a reply
 * of 5xx to its recipient or its content) is not tried again; whatever else is wrong may be put right meanwhile.
 */
const describeFailure = ({
  code,
  command = "",
  response = "",
  responseCode,
  permanent,
  timeoutType,
  originalCode,
}: NodemailerError): DeliveryResult => {
  const status = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
  const said = [code ?? "EUNKNOWN", originalCode, timeoutType, responseCode, status, command];
  return {
    kind: "failed",
    reason: `SMTP: ${said.filter((part) => part !== undefined && part !== "").join(" ")}`,
    isPermanent: permanent === true && ofTheMessage.test(command),
  };
};

/** Connects to addresses of the public Internet only. */
const publicSocket =
  (timeout: number) =>
  (
    { host = "", port }: { host?: string | undefined; port?: number | string | undefined },
    callback: (error: Error | null, options?: { connection: Socket }) => void,
  ): void => {
    const socket = connect({ host, port: Number(port), lookup: checkedLookup("public"), timeout });
    socket.once("connect", () => {
      socket.off("error", callback);
      // Until the mailer listens, a connection that breaks is nobody's.
      socket.on("error", () => undefined);
      callback(null, { connection: socket });
    });
    socket.once("timeout", () => socket.destroy(new Error("no connection in time")));
    socket.once("error", callback);
  };
