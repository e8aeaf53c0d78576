import { browserForm } from "./browser-form.ts";
import { connectBinary, connectBrowser, connectJson, grpc, grpcWeb } from "./connect.ts";
import { nativeRest, spa } from "./json-rest.ts";
import type { Protocol } from "./protocol.ts";

/** Every way into the server. */
export const protocols: readonly Protocol[] = [
  nativeRest,
  spa,
  browserForm,
  connectJson,
  connectBinary,
  connectBrowser,
  grpc,
  grpcWeb,
];

/** Those whose flows are of type `browser`. */
export const browserProtocols = protocols.filter((protocol) => protocol.family === "browser");

/** Those whose flows are of type `api`. */
export const nativeProtocols = protocols.filter((protocol) => protocol.family === "native");
