import type { PeerCertificate, TLSSocket } from "node:tls";
import { type Admit, admitted, unknownOperator } from "./admission.ts";
import { readAlternativeNames } from "./alternative-names.ts";

/** Who may call with a certificate of the configured authority. */
export interface ConfiguredClient {
  /** A DNS name, URI or e-mail address of the certificate, or its common name; `*` is any certificate. */
  readonly name: string;
  readonly scopes: readonly string[];
}

/**
 * Creates the admission by client certificate. The handshake has verified it against the authority; the names in it
 * say who it is.
 */
export const createCertificateAdmission =
  ({ clients }: { readonly clients: readonly ConfiguredClient[] }): Admit =>
  ({ socket }) => {
    const connection = socket as TLSSocket;
    if (connection.authorized !== true) return unknownOperator("The connection has no client certificate.");
    const names = namesOf(connection.getPeerCertificate());
    const held = clients.filter(({ name }) => name === "*" || names.includes(name));
    const [first] = names;
    return held.length === 0 || first === undefined
      ? unknownOperator("The client certificate is for nobody that the configuration names.")
      : admitted({ name: first, scopes: held.flatMap(({ scopes }) => scopes) });
  };

/** The names of a certificate: those of its subjectAltName, and its common name. None if it cannot be read. */
const namesOf = ({ subject, subjectaltname }: PeerCertificate): readonly string[] => {
  const alternatives = readAlternativeNames(subjectaltname ?? "");
  if (alternatives === undefined) return [];
  const common = subject?.CN;
  return [
    ...alternatives.filter(({ kind }) => identifying.has(kind)).map(({ value }) => value),
    ...(common === undefined ? [] : [common].flat()),
  ];
};

const identifying: ReadonlySet<string> = new Set(["DNS", "URI", "email"]);
