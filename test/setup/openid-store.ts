/** What oidc-provider keeps of one thing: a session, a code, a grant. */
type Payload = Record<string, unknown> & {
  readonly grantId?: string;
  readonly uid?: string;
  readonly userCode?: string;
};

/**
 * Creates the storage of one OpenID provider. The one that comes with the
 * library is shared by all of a process, and a second issuer that knows the
 * first one's codes is no second issuer.
 */
export const createOpenidStore = () => {
  const stored = new Map<string, Payload>();
  const find = (model: string, fits: (payload: Payload) => boolean) =>
    [...stored].find(([key, payload]) => key.startsWith(`${model}:`) && fits(payload))?.[1];

  return (model: string) => ({
    upsert: async (id: string, payload: Payload) => void stored.set(`${model}:${id}`, payload),
    find: async (id: string) => stored.get(`${model}:${id}`),
    findByUid: async (uid: string) => find(model, (payload) => payload.uid === uid),
    findByUserCode: async (code: string) => find(model, (payload) => payload.userCode === code),
    consume: async (id: string) => {
      const payload = stored.get(`${model}:${id}`);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id: string) => void stored.delete(`${model}:${id}`),
    revokeByGrantId: async (grantId: string) => {
      for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key);
    },
  });
};
