import { VerificationService } from "../gen/ostiary/verification/v1/verification_service_pb.ts";
import type { Client } from "./client.ts";
import { createFlows, type Flows } from "./flows.ts";

export type { VerificationFlow } from "../gen/ostiary/verification/v1/flow_pb.ts";

/** A person shows that an address is theirs. */
export type Verification = Flows<typeof VerificationService>;

/** Creates what calls verification flows. */
export const createVerification = (client: Client): Verification => createFlows(client, VerificationService);
