import type { JsonObject } from "@bufbuild/protobuf";
import type { Aead } from "../lib/aead.ts";

/** Payloads of jobs, which are encrypted while they wait, each for its own row. */
export interface Payloads {
  seal(id: string, kind: string, payload: JsonObject): Buffer;
  /** Undefined when the key that encrypted it is gone. */
  open(id: string, kind: string, sealed: Buffer): JsonObject | undefined;
}

/** Creates what encrypts payloads. */
export const createPayloads = (aead: Aead): Payloads => ({
  seal: (id, kind, payload) => aead.encrypt(Buffer.from(JSON.stringify(payload)), `job|${kind}|${id}`),
  open: (id, kind, sealed) => {
    const plain = aead.decrypt(sealed, `job|${kind}|${id}`);
    return plain && (JSON.parse(plain.toString("utf8")) as JsonObject);
  },
});
