import { LoginService } from "../gen/ostiary/login/v1/login_service_pb.ts";
import type { Client } from "./client.ts";
import { createFlows, type Flows } from "./flows.ts";

export type { LoginFlow } from "../gen/ostiary/login/v1/flow_pb.ts";

/** A person signs in, or proves again who they are: `create({ refresh: true })`, `create({ aal: "aal2" })`. */
export type Login = Flows<typeof LoginService>;

/** Creates what calls login flows. A session token in an answer is stored in the client's `tokens`. */
export const createLogin = (client: Client): Login => createFlows(client, LoginService);
