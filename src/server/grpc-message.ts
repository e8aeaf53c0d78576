/**
 * Encodes a message for `grpc-message`: UTF-8, of which all but printable ASCII,
 * and the percent sign, is percent-encoded (gRPC over HTTP2, "Responses"). A
 * space at either end as well: HTTP drops it.
 */
export const encodeGrpcMessage = (message: string): string =>
  message
    .toWellFormed()
    .replace(/[^ -$&-~]+|^ | $/gu, (text) =>
      [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
    );
