/* What bench/autocannon.ts uses of a package that has no types. */
declare module "autocannon" {
  export interface Request {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  }

  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    /** Requests per second of all connections. */
    readonly overallRate?: number;
    readonly ignoreCoordinatedOmission?: boolean;
    readonly requests: readonly { readonly setupRequest: (request: Request) => Request }[];
  }

  export interface Result {
    readonly requests: { readonly total: number };
    /** Seconds. */
    readonly duration: number;
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number };
    readonly statusCodeStats?: Readonly<Record<string, { readonly count: number }>>;
    readonly errors: number;
  }

  // biome-ignore lint/style/noDefaultExport: it is the package that has one
  export default function autocannon(options: Options): Promise<Result>;
}
