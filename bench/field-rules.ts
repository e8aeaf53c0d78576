import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import {
  CreateFlowRequestSchema,
  UpdateFlowRequestSchema as LoginUpdateSchema,
} from "../gen/ostiary/login/v1/login_service_pb.ts";
import { UpdateFlowRequestSchema as SignUpSchema } from "../gen/ostiary/registration/v1/registration_service_pb.ts";
import { ListSessionsRequestSchema, WhoAmIRequestSchema } from "../gen/ostiary/session/v1/session_service_pb.ts";
import { FlowType } from "../gen/ostiary/ui/v1/ui_pb.ts";
import { compileFieldRules } from "../src/server/field-rules.ts";

/*
 * `node bench/field-rules.ts`: what it costs to hold a request to its rules, in
 * microseconds a call: all of them, and the annotations of buf.validate by protovalidate.
 * docs/decisions/0003-field-rules.md quotes it.
 */

const flow = "5b6f0d0e-9f0a-4c51-9d4f-3f3a4f9b7a10";
const csrfToken = "x".repeat(88);
const traits = { email: "ann@example.com", name: { first: "Ann", last: "Smith" }, newsletter: true };

const requests: readonly (readonly [string, DescMessage, Message])[] = [
  ["WhoAmI", WhoAmIRequestSchema, create(WhoAmIRequestSchema)],
  ["ListSessions", ListSessionsRequestSchema, create(ListSessionsRequestSchema, { pageSize: 100 })],
  [
    "login CreateFlow",
    CreateFlowRequestSchema,
    create(CreateFlowRequestSchema, { type: FlowType.API, returnTo: "https://app.example.com/welcome" }),
  ],
  [
    "login UpdateFlow",
    LoginUpdateSchema,
    create(LoginUpdateSchema, {
      flow,
      body: {
        csrfToken,
        method: { case: "password", value: { identifier: traits.email, password: "correct horse battery" } },
      },
    }),
  ],
  [
    "registration UpdateFlow",
    SignUpSchema,
    create(SignUpSchema, {
      flow,
      body: { csrfToken, method: { case: "password", value: { traits, password: "correct horse battery" } } },
    }),
  ],
];

/** Microseconds a call: the best of several rounds, as anything slower is the machine's doing. */
const measure = (call: () => void): number => {
  const calls = 20_000;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 12; round += 1) {
    const start = performance.now();
    for (let index = 0; index < calls; index += 1) call();
    best = Math.min(best, ((performance.now() - start) * 1000) / calls);
  }
  return best;
};

const validator = createValidator();
console.log("request                  all rules  the library   (microseconds)");
for (const [name, desc, message] of requests) {
  const compiled = compileFieldRules(desc);
  const all = measure(() => compiled(message));
  const annotations = measure(() => {
    if (validator.validate(desc, message as never).kind !== "valid") throw new Error(`${name} is not valid`);
  });
  console.log(`${name.padEnd(24)} ${all.toFixed(3).padStart(10)} ${annotations.toFixed(3).padStart(12)}`);
}
