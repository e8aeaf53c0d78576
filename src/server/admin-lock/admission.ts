import type { FastifyRequest } from "fastify";
import { serviceError } from "../../errors/service-error.ts";
import type { NodeRequest } from "../../lib/intake.ts";
import type { Admission, Operator } from "../../lib/operator.ts";

/** Finds out who a request of the admin port comes from, by its connection and header alone. */
export type Admit = (request: NodeRequest) => Admission;

/** Lets someone in. */
export const admitted = (operator: Operator): Admission => ({ operator });

/** Refuses somebody whose key or certificate is not known. */
export const unknownOperator = (explain: string): Admission => ({
  refused: serviceError("OPERATOR_UNKNOWN", { explain, headers: { "www-authenticate": 'Bearer realm="admin"' } }),
});

/** Refuses what does not come from a program on this machine. */
export const notLocal = (explain: string): Admission => ({ refused: serviceError("NOT_LOCAL", { explain }) });

const admissions = new WeakMap<object, Admission>();

/** Keeps what was found out about a request for the calls that are made of it. */
export const setAdmission = (request: FastifyRequest, admission: Admission): void => {
  admissions.set(request, admission);
};

/** What was found out about a request; undefined on a port without a lock. */
export const admissionOf = (request: FastifyRequest): Admission | undefined => admissions.get(request);
