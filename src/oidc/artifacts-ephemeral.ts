// Artefacts of the protocol that live minutes: interactions, codes, pushed requests, opaque access tokens, replay markers.

import { errors } from 'oidc-provider';
import type { Adapter, AdapterPayload } from 'oidc-provider';

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { epochSeconds } from '../epoch-seconds.ts';
import { sha256 } from '../security/sha256.ts';

/** The library checks expiry itself, this many seconds late (`clockTolerance`); the store must not be earlier. */
export const CLOCK_TOLERANCE = 15;

/** Seconds that a login may take. */
export const INTERACTION_LIFE = 3600;

/** What is used once, and how many seconds it stays beyond its own life: a pushed request is used up only as its login ends. */
const CONSUMABLE = new Map([
  ['AuthorizationCode', 0],
  ['PushedAuthorizationRequest', INTERACTION_LIFE],
]);

/** Longer than anything consumable lives, so that the mark outlasts what it marks. */
const MARK_LIFE = 900;

export interface EphemeralArtifactDeps {
  store: EphemeralStore;
  tenantId: string;
  /** Ends the grant of a code that was redeemed twice, and with it every token made from it (RFC 9700 2.1.1). */
  endGrant(grantId: string): Promise<void>;
}

export function createEphemeralArtifacts(model: string, { store, tenantId, endGrant }: EphemeralArtifactDeps): Adapter {
  const stays = CONSUMABLE.get(model) ?? 0;
  const keyOf = (id: string) => `${model}:${tenantId}:${sha256(id)}`;
  const markOf = (id: string) => `${keyOf(id)}:consumed`;

  async function find(id: string): Promise<AdapterPayload | undefined> {
    const [text, consumed] = CONSUMABLE.has(model)
      ? await store.getMany([keyOf(id), markOf(id)])
      : [await store.get(keyOf(id))];
    if (text === undefined) return undefined;
    const payload = JSON.parse(text) as AdapterPayload;
    return { ...payload, jti: id, ...(consumed === undefined ? {} : { consumed: Number(consumed) }) };
  }

  return {
    find,

    async upsert(id, { jti: _, ...payload }, expiresIn = MARK_LIFE) {
      await store.put(keyOf(id), JSON.stringify(payload), expiresIn + stays + CLOCK_TOLERANCE);
    },

    /** Exactly one of any number of redemptions gets past this line. */
    async consume(id) {
      if (await store.add(markOf(id), String(epochSeconds(Date.now())), MARK_LIFE + stays)) return;
      if (model === 'PushedAuthorizationRequest') throw new errors.InvalidRequestUri('request_uri was already used');
      const grantId = (await find(id))?.grantId;
      if (grantId !== undefined) await endGrant(grantId);
      throw new errors.InvalidGrant('authorization code already consumed');
    },

    destroy: (id) => store.remove(keyOf(id)),

    // Every use of a code or an access token asks for its Grant, which is destroyed in the same breath.
    revokeByGrantId: () => Promise.resolve(),

    findByUid: notHere,
    findByUserCode: notHere,
  };
}

function notHere(): Promise<undefined> {
  return Promise.resolve(undefined);
}
