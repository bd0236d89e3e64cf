import { expect } from 'chai';
import type { Adapter } from 'oidc-provider';

import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { CLOCK_TOLERANCE, INTERACTION_LIFE, createEphemeralArtifacts } from '../../src/oidc/artifacts-ephemeral.ts';
import { freshId, outcomeOf, twenty } from '../support/at-once.ts';
import { describeOnEveryStore } from '../support/every-store.ts';

const seconds = () => Math.floor(Date.now() / 1000);

describeOnEveryStore('artefacts that live minutes', (store) => {
  const tenantId = 'acme';
  let ended: string[];
  beforeEach(() => {
    ended = [];
  });
  function artifacts(model: string, number = 0, ofTenant = tenantId): Adapter {
    return createEphemeralArtifacts(model, {
      store: store(number),
      tenantId: ofTenant,
      endGrant: async (grantId) => void ended.push(grantId),
    });
  }
  const consumeTwentyTimes = (model: string, id: string) =>
    twenty((number) => outcomeOf(artifacts(model, number).consume(id)));

  it('come back as they were saved, and go', async () => {
    const id = freshId();
    await artifacts('AccessToken').upsert(id, { kind: 'AccessToken', scope: 'openid' }, 60);
    const found = await artifacts('AccessToken', 1).find(id);
    expect(found).to.deep.equal({ kind: 'AccessToken', scope: 'openid', jti: id });
    await artifacts('AccessToken').upsert(id, { kind: 'AccessToken', scope: 'openid email' }, 60);
    expect(await artifacts('AccessToken').find(id)).to.include({ scope: 'openid email' });
    await artifacts('AccessToken', 1).destroy(id);
    expect(await artifacts('AccessToken').find(id)).to.equal(undefined);
  });

  it('are kept apart by model and tenant', async () => {
    const id = freshId();
    await artifacts('AccessToken').upsert(id, { kind: 'AccessToken' }, 60);
    expect(await artifacts('ClientCredentials').find(id)).to.equal(undefined);
    expect(await artifacts('AccessToken', 0, 'globex').find(id)).to.equal(undefined);
    await artifacts('AccessToken', 0, 'globex').destroy(id);
    expect(await artifacts('AccessToken').find(id)).not.to.equal(undefined);
  });

  it('a code is consumed by one of twenty, and its grant ends', async () => {
    const id = freshId();
    await artifacts('AuthorizationCode').upsert(id, { kind: 'AuthorizationCode', grantId: 'of-ann' }, 60);
    expect(await artifacts('AuthorizationCode').find(id)).not.to.have.property('consumed');
    const outcomes = await consumeTwentyTimes('AuthorizationCode', id);
    expect(outcomes.filter((outcome) => outcome === undefined)).to.have.length(1);
    expect(outcomes.filter((outcome) => outcome === 'invalid_grant')).to.have.length(19);
    expect(new Set(ended)).to.deep.equal(new Set(['of-ann']));
    expect((await artifacts('AuthorizationCode', 1).find(id))?.consumed).to.be.closeTo(seconds(), 2);
  });

  it('a code stays used when the library saves it again', async () => {
    const id = freshId();
    const code = { kind: 'AuthorizationCode', grantId: 'of-ann' };
    await artifacts('AuthorizationCode').upsert(id, code, 60);
    await artifacts('AuthorizationCode').consume(id);
    await artifacts('AuthorizationCode').upsert(id, code, 60);
    expect(await artifacts('AuthorizationCode').find(id)).to.have.property('consumed');
  });

  it('a pushed request is consumed by one of twenty, and no grant ends', async () => {
    const id = freshId();
    await artifacts('PushedAuthorizationRequest').upsert(id, { kind: 'PushedAuthorizationRequest' }, 60);
    const outcomes = await consumeTwentyTimes('PushedAuthorizationRequest', id);
    expect(outcomes.filter((outcome) => outcome === undefined)).to.have.length(1);
    expect(outcomes.filter((outcome) => outcome === 'invalid_request_uri')).to.have.length(19);
    expect(ended).to.deep.equal([]);
  });
});

describe('the life of artefacts that live minutes', () => {
  let now: number;
  let store: EphemeralStore;
  beforeEach(() => {
    now = Date.now();
    store = createMemoryStore({ now: () => now });
  });
  afterEach(() => store.close());
  const pass = (period: number) => void (now += period * 1000);
  const artifacts = (model: string) =>
    createEphemeralArtifacts(model, { store, tenantId: 'acme', endGrant: () => Promise.resolve() });

  it('is not over before the library’s own tolerance is', async () => {
    const codes = artifacts('AuthorizationCode');
    await codes.upsert('c', { kind: 'AuthorizationCode' }, 60);
    pass(60 + CLOCK_TOLERANCE - 1);
    expect(await codes.find('c')).not.to.equal(undefined);
    pass(2);
    expect(await codes.find('c')).to.equal(undefined);
  });

  it('spans the longest login where a pushed request began it, so that a second login with it is refused', async () => {
    const requests = artifacts('PushedAuthorizationRequest');
    await requests.upsert('r', { kind: 'PushedAuthorizationRequest' }, 60);
    pass(60 + INTERACTION_LIFE);
    expect(await requests.find('r')).not.to.equal(undefined);
    await requests.consume('r');

    await requests.upsert('s', { kind: 'PushedAuthorizationRequest' }, 60);
    await requests.consume('s');
    pass(60 + INTERACTION_LIFE);
    expect(await requests.find('s')).to.have.property('consumed');
    expect(await outcomeOf(requests.consume('s'))).to.equal('invalid_request_uri');
  });
});
