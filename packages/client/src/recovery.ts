import { RecoveryService } from "../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { Client } from "./client.ts";
import { createFlows, type Flows } from "./flows.ts";

export type { RecoveryFlow } from "../gen/ostiary/recovery/v1/flow_pb.ts";

/** A person who cannot sign in comes back into their account. */
export type Recovery = Flows<typeof RecoveryService>;

/** Creates what calls recovery flows. */
export const createRecovery = (client: Client): Recovery => createFlows(client, RecoveryService);
