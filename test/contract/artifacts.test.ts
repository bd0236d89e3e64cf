import { expect } from 'chai';
import type { Adapter, AdapterPayload } from 'oidc-provider';

import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { CLOCK_TOLERANCE, INTERACTION_LIFE, createEphemeralArtifacts } from '../../src/oidc/artifacts-ephemeral.ts';
import {
  createGrantArtifacts,
  createRefreshTokenArtifacts,
  endGrant,
  whileGrantStands,
} from '../../src/oidc/artifacts-postgres.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { describeOnEveryStore } from '../support/every-store.ts';
import { freshId, outcomesOf } from '../support/at-once.ts';
import { someoneWithAnApp } from '../support/rows.ts';
import type { Parties } from '../support/rows.ts';

const seconds = () => Math.floor(Date.now() / 1000);

describeOnEveryDatabase('artefacts that must survive', ({ db, other }) => {
  let parties: Parties;
  let grantId: string;

  beforeEach(async () => {
    parties = await someoneWithAnApp(db());
    grantId = freshId();
    await grants().upsert(grantId, grantOf(parties), 3600);
  });

  const depsOf = (number: number, tenantId: string, refreshReuseLeeway: number) => ({
    db: number % 2 === 0 ? db() : other(),
    tenantId,
    refreshReuseLeeway,
  });
  const grants = ({ number = 0, tenantId = parties.tenantId } = {}): Adapter =>
    createGrantArtifacts(depsOf(number, tenantId, 0));
  const tokens = ({ number = 0, leeway = 0, tenantId = parties.tenantId } = {}): Adapter =>
    createRefreshTokenArtifacts(depsOf(number, tenantId, leeway));

  async function aToken(life = 3600, ofGrant = grantId): Promise<string> {
    const id = freshId();
    await tokens().upsert(id, { kind: 'RefreshToken', grantId: ofGrant, scope: 'openid' }, life);
    return id;
  }
  /** As if it had been consumed so many seconds ago. */
  async function consumedAgo(id: string, ago: number): Promise<void> {
    await tokens().consume(id);
    await db().query(
      'update refresh_tokens set consumed_at = consumed_at - make_interval(secs => $2) where grant_id = $1',
      [grantId, ago],
    );
  }

  describe('a grant', () => {
    it('comes back as it was saved, for as long as it lives', async () => {
      const found = await grants({ number: 1 }).find(grantId);
      expect(found).to.deep.include({ ...grantOf(parties), jti: grantId });
      expect(found?.exp).to.be.closeTo(seconds() + 3600, 2);
      await grants().upsert(grantId, { ...grantOf(parties), openid: { scope: 'openid email' } }, 60);
      expect(await grants().find(grantId)).to.deep.include({ openid: { scope: 'openid email' } });
      await grants().upsert(grantId, grantOf(parties), -1);
      expect(await grants().find(grantId)).to.equal(undefined);
    });

    it('means nothing to another tenant', async () => {
      const { tenantId } = await someoneWithAnApp(db());
      expect(await grants({ tenantId }).find(grantId)).to.equal(undefined);
      await grants({ tenantId }).destroy(grantId);
      expect(await grants().find(grantId)).not.to.equal(undefined);
    });

    it('takes its refresh tokens with it when it ends', async () => {
      const [first, second] = [await aToken(), await aToken()];
      await grants().destroy(grantId);
      expect(await grants().find(grantId)).to.equal(undefined);
      for (const id of [first, second]) expect(await tokens().find(id)).to.equal(undefined);
    });

    it('is changed by one after the other, and by nobody once it has ended', async () => {
      const database = (number: number) => (number % 2 === 0 ? db() : other());
      await Promise.all(
        Array.from({ length: 20 }, (_, number) =>
          whileGrantStands(database(number), parties.tenantId, grantId, async () => {
            const grant = (await grants({ number }).find(grantId)) || undefined;
            const scope = `${grant?.scope ?? ''} s${number}`;
            await grants({ number }).upsert(grantId, { ...grant, scope }, 3600);
          }),
        ),
      );
      const changed = (await grants().find(grantId)) || undefined;
      expect(changed?.scope?.trim().split(' ')).to.have.members(
        Array.from({ length: 20 }, (_, number) => `s${number}`),
      );

      await grants().destroy(grantId);
      const late = await whileGrantStands(db(), parties.tenantId, grantId, async () => 'changed');
      expect(late).to.equal(undefined);
    });
  });

  describe('a refresh token', () => {
    it('comes back as it was saved, and is kept as a hash', async () => {
      const id = await aToken();
      expect(await tokens({ number: 1 }).find(id)).to.deep.equal({
        kind: 'RefreshToken',
        grantId,
        scope: 'openid',
        jti: id,
      });
      const rows = await db().query('select * from refresh_tokens where grant_id = $1', [grantId]);
      expect(rows).to.have.length(1);
      expect(JSON.stringify(rows)).not.to.include(id);
    });

    it('means nothing to another tenant', async () => {
      const id = await aToken();
      const { tenantId } = await someoneWithAnApp(db());
      expect(await tokens({ tenantId }).find(id)).to.equal(undefined);
      await tokens({ tenantId }).destroy(id);
      await tokens({ tenantId }).revokeByGrantId(grantId);
      expect(await outcomesOf([tokens({ tenantId }).consume(id)])).to.deep.equal(['invalid_grant']);
      expect(await tokens().find(id)).to.not.have.property('consumed');
    });

    it('is consumed by one of twenty, and the family ends', async () => {
      const [id, sibling] = [await aToken(), await aToken()];
      const outcomes = await outcomesOf(Array.from({ length: 20 }, (_, number) => tokens({ number }).consume(id)));
      expect(outcomes.filter((outcome) => outcome === undefined)).to.have.length(1);
      expect(outcomes.filter((outcome) => outcome === 'invalid_grant')).to.have.length(19);
      expect(await grants().find(grantId)).to.equal(undefined);
      expect(await tokens().find(sibling)).to.equal(undefined);
    });

    it('that follows one consumed twice does not come to life, whichever comes first', async () => {
      const id = await aToken();
      await tokens().consume(id);
      const [, successor] = await Promise.all([
        tokens({ number: 1 })
          .consume(id)
          .catch(() => undefined),
        aToken(),
      ]);
      expect(await tokens().find(successor)).to.equal(undefined);
      expect(await tokens().find(await aToken())).to.equal(undefined);
    });

    it('is found after its use, marked, so that its reuse is noticed', async () => {
      const id = await aToken();
      await tokens().consume(id);
      expect((await tokens().find(id))?.consumed).to.be.closeTo(seconds(), 2);
    });

    it('is refused within the leeway without ending the family, and ends it afterwards', async () => {
      const leeway = 10;
      const [id, sibling] = [await aToken(), await aToken()];
      const outcomes = await outcomesOf(
        Array.from({ length: 20 }, (_, number) => tokens({ number, leeway }).consume(id)),
      );
      expect(outcomes.filter((outcome) => outcome === undefined)).to.have.length(1);
      expect(outcomes.filter((outcome) => outcome === 'invalid_grant')).to.have.length(19);
      expect(await tokens({ leeway }).find(id)).to.equal(undefined);
      expect(await tokens({ leeway }).find(sibling)).not.to.equal(undefined);

      const older = await aToken();
      await consumedAgo(older, 11);
      expect(await tokens({ leeway }).find(older)).to.have.property('consumed');
      expect(await outcomesOf([tokens({ leeway }).consume(older)])).to.deep.equal(['invalid_grant']);
      expect(await grants().find(grantId)).to.equal(undefined);
    });

    it('keeps its grant alive as long as itself, and never shortens its life', async () => {
      await aToken(7200);
      expect((await grants().find(grantId))?.exp).to.be.closeTo(seconds() + 7200, 2);
      await aToken(60);
      expect((await grants().find(grantId))?.exp).to.be.closeTo(seconds() + 7200, 2);
    });

    it('is not found once it has expired', async () => {
      expect(await tokens().find(await aToken(-1))).to.equal(undefined);
    });

    it('goes alone, or with all of its grant', async () => {
      const [first, second, third] = [await aToken(), await aToken(), await aToken()];
      await tokens().destroy(first);
      expect(await tokens().find(first)).to.equal(undefined);
      expect(await tokens().find(second)).not.to.equal(undefined);
      await tokens().revokeByGrantId(grantId);
      for (const id of [second, third]) expect(await tokens().find(id)).to.equal(undefined);
      await tokens().revokeByGrantId(freshId());
      expect(await grants().find(grantId)).not.to.equal(undefined);
    });

    it('of no grant is not kept', async () => {
      expect(await tokens().find(await aToken(3600, freshId()))).to.equal(undefined);
      await endGrant(db(), parties.tenantId, grantId);
      expect(await tokens().find(await aToken())).to.equal(undefined);
    });
  });
});

function grantOf({ userId, clientId }: Parties): AdapterPayload {
  return { kind: 'Grant', iat: seconds(), accountId: userId, clientId, openid: { scope: 'openid' } };
}

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
    outcomesOf(Array.from({ length: 20 }, (_, number) => artifacts(model, number).consume(id)));

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
    expect(await outcomesOf([requests.consume('s')])).to.deep.equal(['invalid_request_uri']);
  });
});
