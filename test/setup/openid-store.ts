/** What oidc-provider keeps of one thing: a session, a code, a grant. */
type Payload = Record<string, unknown> & { readonly grantId?: string; readonly uid?: string; readonly userCode?: string };

/**
 * Creates the storage of one OpenID provider. The one that comes with the
 * library is shared by all of a process, and a second issuer that knows the
 * first one's codes is no second issuer.
 */
export const createOpenidStore = () => {
  const kept = new Map<string, Payload>();
  const find = (model: string, fits: (payload: Payload) => boolean) => [...kept].find(([key, payload]) => key.startsWith(`${model}:`) && fits(payload))?.[1];

  return (model: string) => ({
    upsert: async (id: string, payload: Payload) => void kept.set(`${model}:${id}`, payload),
    find: async (id: string) => kept.get(`${model}:${id}`),
    findByUid: async (uid: string) => find(model, (payload) => payload.uid === uid),
    findByUserCode: async (code: string) => find(model, (payload) => payload.userCode === code),
    consume: async (id: string) => {
      const payload = kept.get(`${model}:${id}`);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id: string) => void kept.delete(`${model}:${id}`),
    revokeByGrantId: async (grantId: string) => {
      for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
    },
  });
};
