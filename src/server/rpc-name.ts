import type { DescMethod } from "@bufbuild/protobuf";

/** The full name of an RPC, as in its path: `ostiary.settings.v1.SettingsService/GetFlow`. */
export const rpcName = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;
