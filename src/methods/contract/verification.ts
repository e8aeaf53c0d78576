import type { UpdateFlowBody } from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import type { ChallengeMethod } from "./challenge.ts";

/* A way to verify an address. The verification flow knows of methods only this. */

/** The methods of the verification flow, by their case in the contract. */
export type VerificationCase = Exclude<UpdateFlowBody["method"]["case"], undefined>;

/** Every verification method; leaving one out does not compile. */
export type VerificationMethods = { readonly [K in VerificationCase]: ChallengeMethod<K> };
