import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Keeps what oidc-provider stores in a Map. Its own adapter would do, but prints a warning each time. */
export function mapAdapter(): AdapterFactory {
  const artifacts = new Map<string, AdapterPayload>();
  const matching = (model: string, fits: (payload: AdapterPayload) => boolean) =>
    [...artifacts].filter(([key, payload]) => key.startsWith(`${model}:`) && fits(payload));

  return (model): Adapter => ({
    upsert: async (id, payload) => void artifacts.set(`${model}:${id}`, structuredClone(payload)),
    find: async (id) => structuredClone(artifacts.get(`${model}:${id}`)),
    findByUid: async (uid) => matching(model, (payload) => payload.uid === uid)[0]?.[1],
    findByUserCode: async (code) => matching(model, (payload) => payload.userCode === code)[0]?.[1],
    consume: async (id) => {
      const payload = artifacts.get(`${model}:${id}`);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id) => void artifacts.delete(`${model}:${id}`),
    revokeByGrantId: async (grantId) => {
      for (const [key] of matching(model, (payload) => payload.grantId === grantId)) artifacts.delete(key);
    },
  });
}
