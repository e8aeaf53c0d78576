import { browserForm } from "./browser-form.ts";
import { connectBinary, connectBrowser, connectJson, grpc, grpcWeb } from "./connect.ts";
import type { Door } from "./door.ts";
import { nativeRest, spa } from "./json-rest.ts";

/** Every way into the server. */
export const doors: readonly Door[] = [nativeRest, spa, browserForm, connectJson, connectBinary, connectBrowser, grpc, grpcWeb];

/** Those whose flows are of type `browser`. */
export const browserDoors = doors.filter((door) => door.family === "browser");

/** Those whose flows are of type `api`. */
export const nativeDoors = doors.filter((door) => door.family === "native");
