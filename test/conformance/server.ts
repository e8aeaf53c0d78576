/**
 * The server that the conformance runner of Connect tests: our listener, with
 * our unary route and the streaming one of health and reflection, and the
 * runner's own service on them. It reads what kind of server is wanted from its
 * input, says where it listens, and ends with the process.
 *
 * Its argument is the folder of the code that scripts/conformance generates.
 */
import path from "node:path";
import { createLog } from "../../src/lib/log.ts";
import { createBodyBudget } from "../../src/server/body-budget.ts";
import { createCallLog } from "../../src/server/call-log.ts";
import { createClientAddress } from "../../src/server/client-address.ts";
import { mountConnect } from "../../src/server/connect/mount.ts";
import { createStreamBounds } from "../../src/server/connect/stream-bounds.ts";
import { createHttpApp } from "../../src/server/http-app.ts";
import { createIntake } from "../../src/server/intake.ts";
import { createMetrics } from "../../src/server/metrics.ts";
import { createConformanceService, loadConformance } from "./service.ts";
import { readSized, writeSized } from "./sized.ts";

const conformance = await loadConformance(path.resolve(process.argv[2] ?? "gen"));
const wanted = conformance.readRequest(await readSized(process.stdin));

const log = createLog({ level: "error", format: "json" }, { write: (line) => process.stderr.write(line) });
const callLog = createCallLog({ log, metrics: createMetrics() });
const limit = wanted.messageReceiveLimit || 5 * 2 ** 20;
const intakeDeps = {
  budget: createBodyBudget({ total: 2 ** 28, perNetwork: 2 ** 28 }),
  defaults: { withoutSession: limit, withSession: limit },
  networkOf: (address: string) => address,
  hasToken: () => false,
  isLive: async () => false,
};
const service = createConformanceService(conformance);
const app = createHttpApp({ port: "public", log, tls: wanted.tls });
const refuseVerb = mountConnect(app, {
  rpcs: service.unary.map(({ method, procedure }) => ({
    method,
    procedure,
    intake: createIntake({ method, mustBeAllowed: () => undefined, deps: intakeDeps }),
  })),
  standard: [{ rpcs: [], streams: [], isLogged: false, mount: service.mount }],
  standardStreams: createStreamBounds((address) => address),
  port: "public",
  baseUrl: "http://127.0.0.1/",
  clientAddress: createClientAddress([]),
  callLog,
  registry: conformance.registry,
});
// As the REST protocol answers what is nowhere, whatever the body is.
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
app.setNotFoundHandler(
  (request, reply) => refuseVerb(request, reply) ?? reply.code(404).type("text/plain").send("not found\n"),
);
const { port } = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
writeSized(process.stdout, conformance.writeResponse(Number(port), wanted.tls?.cert));
