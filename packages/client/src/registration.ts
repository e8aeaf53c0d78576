import { RegistrationService } from "../gen/ostiary/registration/v1/registration_service_pb.ts";
import type { Client } from "./client.ts";
import { createFlows, type Flows } from "./flows.ts";

export type { RegistrationFlow } from "../gen/ostiary/registration/v1/flow_pb.ts";

/** A person signs up. */
export type Registration = Flows<typeof RegistrationService>;

/** Creates what calls registration flows. A session token in an answer is stored in the client's `tokens`. */
export const createRegistration = (client: Client): Registration => createFlows(client, RegistrationService);
