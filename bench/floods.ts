import { brotliCompressSync } from "node:zlib";

/** What the sending thread is told. */
export interface FloodOrder {
  readonly baseUrl: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly atOnce: number;
  /** `unfinished`: 200 bodies on one HTTP/2 connection that do not end. */
  readonly kind: "post" | "get" | "unfinished";
}

/** A flood, as somebody sends it who has no account. */
export interface Flood extends Omit<FloodOrder, "baseUrl"> {
  readonly name: string;
}

const mebibytes = 5 * 1024 * 1024;
const atOnce = 4;
const json = { accept: "application/json", "content-type": "application/json" };
const updateFlow = "/ostiary.registration.v1.RegistrationService/UpdateFlow";

const lists = (bytes: number): string => `[${"[],".repeat(bytes / 3)}[]]`;
const message = (bytes: number): Buffer => Buffer.from(`{"body":{"profile":{"traits":{"a":${lists(bytes)}}}}}`);
const parts = (count: number): Buffer =>
  Buffer.from(`${'--b\r\ncontent-disposition: form-data; name="traits.a"\r\n\r\n1\r\n'.repeat(count)}--b--\r\n`);
/** Field 1000, of one byte, over and over. */
const unknownFields = (bytes: number): Buffer => Buffer.alloc(bytes, Buffer.from([0xc0, 0x3e, 0x01]));

/** The floods of the table. `flow` is a registration flow of a native app. */
export const floodsOn = (flow: string): readonly Flood[] => {
  const rest = `/self-service/registration?flow=${flow}`;
  const post = { atOnce, kind: "post" } as const;
  return [
    {
      ...post,
      name: "64 bytes of brotli that are 5 MiB, Connect",
      path: updateFlow,
      headers: { ...json, "content-encoding": "br" },
      body: brotliCompressSync(message(mebibytes)),
    },
    { ...post, name: "5 MiB of lists, Connect JSON", path: updateFlow, headers: json, body: message(mebibytes) },
    { ...post, name: "60 kB of lists, Connect JSON", path: updateFlow, headers: json, body: message(60_000) },
    {
      ...post,
      name: "60 kB of unknown fields, Connect binary",
      path: updateFlow,
      headers: { "content-type": "application/proto" },
      body: unknownFields(60_000),
    },
    {
      ...post,
      name: "60 kB of lists, REST JSON",
      path: rest,
      headers: json,
      body: Buffer.from(`{"method":"password","traits":{"a":${lists(60_000)}}}`),
    },
    {
      ...post,
      name: "a multipart form of 60,000 parts, REST",
      path: rest,
      headers: { accept: "application/json", "content-type": "multipart/form-data; boundary=b" },
      body: parts(60_000),
    },
    {
      name: "200 bodies that do not end, HTTP/2",
      path: updateFlow,
      headers: { "content-type": "application/grpc" },
      body: Buffer.alloc(60_000, 1),
      atOnce: 1,
      kind: "unfinished",
    },
    {
      name: "registration flows, as fast as it goes",
      path: "/self-service/registration/api",
      headers: { accept: "application/json" },
      body: Buffer.alloc(0),
      atOnce,
      kind: "get",
    },
  ];
};
