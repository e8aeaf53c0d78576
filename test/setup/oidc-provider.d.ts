/** The part of oidc-provider that the tests use; the package comes without types. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  interface Interaction {
    readonly uid: string;
    readonly params: Readonly<Record<string, string | undefined>>;
    readonly prompt: { readonly name: string; readonly reasons: readonly string[] };
  }

  interface Grant {
    addOIDCScope(scope: string): void;
    addOIDCClaims(claims: readonly string[]): void;
    save(): Promise<string>;
  }

  interface Prompt {
    readonly name: string;
  }

  export const interactionPolicy: {
    readonly Prompt: new (properties: { readonly name: string; readonly requestable: boolean }) => Prompt;
    base(): { add(prompt: Prompt, at: number): void };
  };

  /** What Koa hands to middleware. */
  interface Context {
    body?: Readonly<Record<string, unknown>>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Grant: new (properties: {
      readonly accountId: string;
      readonly clientId: string;
    }) => Grant;
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): this;
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: Readonly<Record<string, unknown>>,
    ): Promise<void>;
    on(event: string, listener: (...parts: readonly unknown[]) => void): this;
  }
}
