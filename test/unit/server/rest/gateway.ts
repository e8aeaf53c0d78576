import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import fastifyCors from "@fastify/cors";
import Fastify, { type FastifyInstance } from "fastify";
import { ErrorService } from "../../../../gen/ostiary/errors/v1/error_service_pb.ts";
import { LoginService } from "../../../../gen/ostiary/login/v1/login_service_pb.ts";
import { RegistrationService } from "../../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import { SchemaService } from "../../../../gen/ostiary/schema/v1/schema_service_pb.ts";
import { SessionService } from "../../../../gen/ostiary/session/v1/session_service_pb.ts";
import { SettingsService } from "../../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { ServiceError } from "../../../../src/errors/service-error.ts";
import type { Call, Procedure } from "../../../../src/lib/call.ts";
import { createBodyBudget } from "../../../../src/server/body-budget.ts";
import { createIntake } from "../../../../src/server/intake.ts";
import { createCors } from "../../../../src/server/rest/cors.ts";
import type { ErrorObject } from "../../../../src/server/rest/error-object.ts";
import { createGateway, type GatewayOptions } from "../../../../src/server/rest/routes.ts";

/** The services of the project; their procedures are what a test says. */
const services: readonly DescService[] = [
  SettingsService,
  LoginService,
  RegistrationService,
  SessionService,
  SchemaService,
  ErrorService,
];

/** A procedure a test wrote: gets the message and the call, answers a message or throws. */
export type Fake = (request: never, call: Call) => unknown;

/** What reached a procedure. */
export interface Seen {
  readonly rpc: string;
  readonly request: Message;
  readonly call: Call;
}

export interface Protocol {
  readonly app: FastifyInstance;
  readonly seen: Seen[];
  readonly stored: ErrorObject[];
  /** Calls that were refused before their procedure, with why. */
  readonly refused: string[];
  /** What the protocol itself logged as an error. */
  readonly logged: unknown[][];
}

const publicUrl = "http://127.0.0.1:4433/";
const adminUrl = "http://127.0.0.1:4434/";
export const errorPage = "http://127.0.0.1:4455/error";

const cors = {
  allowed_origins: ["http://127.0.0.1:4455", "https://*.example.com"],
  allowed_methods: ["POST", "GET", "PUT", "PATCH", "DELETE"],
  allowed_headers: ["Authorization", "Content-Type", "X-Session-Token"],
  exposed_headers: ["Content-Type"],
  allow_credentials: true,
  max_age: 0,
};

/** A real Fastify with the REST protocol on it. RPCs without a fake fail the test that calls them. */
export const openGateway = async (
  fakes: Readonly<Record<string, Fake>>,
  options: Partial<GatewayOptions> & { readonly bytes?: number } = {},
): Promise<Protocol> => {
  const intakeDeps = {
    budget: createBodyBudget({ total: 2 ** 24, perNetwork: 2 ** 24 }),
    defaults: { withoutSession: options.bytes ?? 65_536, withSession: options.bytes ?? 65_536 },
    networkOf: (address: string) => address,
    hasToken: () => false,
    isLive: async () => false,
  };
  const seen: Seen[] = [];
  const stored: ErrorObject[] = [];
  const logged: unknown[][] = [];
  const refused: string[] = [];
  const procedures = (method: DescMethod): Procedure => {
    const rpc = `${method.parent.name}.${method.name}`;
    const procedure = async (request: Message, call: Call): Promise<unknown> => {
      seen.push({ rpc, request, call });
      const fake = fakes[rpc];
      if (fake === undefined) throw new Error(`no fake for ${rpc}`);
      return fake(request as never, call);
    };
    return procedure as Procedure;
  };
  const app = Fastify();
  if (options.cors ?? true) app.register(fastifyCors, () => createCors(cors));
  const isPublic = options.port !== "admin";
  await app.register(
    createGateway({
      services,
      procedures,
      receiving: (method) => {
        throw new Error(`no fake for ${method.name}`);
      },
      sending: (method) => {
        throw new Error(`no fake for ${method.name}`);
      },
      intakes: (method) => createIntake({ method, mustBeAllowed: () => undefined, deps: intakeDeps }),
      port: "public",
      listener: { base_url: isPublic ? publicUrl : adminUrl, trusted_proxies: [] },
      otherBaseUrl: isPublic ? adminUrl : publicUrl,
      cors: true,
      errorUiUrl: errorPage,
      storeError: async (error) => {
        stored.push(error);
        return "the-error";
      },
      callLog: {
        of: (rpc) => (_call, _startedAt, failure) =>
          void refused.push(`${rpc} ${failure instanceof ServiceError ? failure.row.status : failure}`),
      },
      log: { error: (...said: unknown[]) => logged.push(said) },
      ...options,
    }),
  );
  await app.ready();
  return { app, seen, stored, refused, logged };
};

/** What a browser sends when a person navigates. */
export const html = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
export const json = { accept: "application/json" };
