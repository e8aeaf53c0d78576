import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

const answers: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The headers of the request are too large."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The extensions of the body's chunks are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive in time."],
};

/** Answers an HTTP/1 request that is none, as the same JSON as all errors, and closes its connection. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  // Reset from the other side, or in the middle of an answer.
  if (error.code === "ECONNRESET" || !socket.writable || hasAnswerUnderway(socket)) {
    socket.destroy();
    return;
  }
  const [code, message] = answers[error.code ?? ""] ?? [400, "The request cannot be read."];
  const body = JSON.stringify({ error: { code, status: STATUS_CODES[code], message } });
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  // Node's type of the socket says less than the socket: `destroySoon` ends it once this is out.
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
};

/** Node keeps the answer that a connection is busy with on its socket. */
const hasAnswerUnderway = (
  socket: Duplex & { readonly _httpMessage?: { readonly _headerSent: boolean } | null },
): boolean => socket._httpMessage?._headerSent === true;
