import type { Clock } from "../../lib/clock.ts";
import { type Admit, admitted } from "./admission.ts";
import { type ConfiguredApiKey, createApiKeyAdmission } from "./api-keys.ts";
import { type ConfiguredClient, createCertificateAdmission } from "./client-certificates.ts";
import { createLocalAdmission } from "./local-requests.ts";

/** Who may call; the `serve.admin.auth` section of the configuration fits. */
interface AdminAuth {
  readonly type: "local" | "api_keys" | "mtls" | "none";
  readonly api_keys: readonly ConfiguredApiKey[];
  readonly clients: readonly ConfiguredClient[];
}

/** What `createAdmit` needs. */
export interface AdminLockOptions {
  readonly auth: AdminAuth;
  readonly baseUrl: string;
  readonly isUnixSocket: boolean;
  readonly clock: Clock;
}

/** Creates the lock of the admin port (docs/admin-port.md), by `serve.admin.auth.type`. */
export const createAdmit = ({ auth, baseUrl, isUnixSocket, clock }: AdminLockOptions): Admit => {
  switch (auth.type) {
    case "local":
      return createLocalAdmission({ baseUrl, isUnixSocket });
    case "api_keys":
      return createApiKeyAdmission({ keys: auth.api_keys, clock });
    case "mtls":
      return createCertificateAdmission({ clients: auth.clients });
    case "none": {
      const anyone = admitted({ name: "anyone", scopes: ["*"] });
      return () => anyone;
    }
  }
};
