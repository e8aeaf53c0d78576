import type { IdentitySchema } from "../../schema/identity-schema.ts";
import type { NodeOrder } from "../../ui/sort.ts";

/** The order of a flow's nodes, made once for each schema. */
export const orderBySchema = (
  groups: readonly string[],
  trailing: readonly string[] = [],
): ((schema: IdentitySchema) => NodeOrder) => {
  const orders = new WeakMap<IdentitySchema, NodeOrder>();
  return (schema) => {
    const known = orders.get(schema);
    if (known) return known;
    const order: NodeOrder = { groups, keys: [...schema.orderedKeys, ...trailing] };
    orders.set(schema, order);
    return order;
  };
};
