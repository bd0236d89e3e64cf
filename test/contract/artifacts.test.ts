import { expect } from 'chai';
import type { Adapter, AdapterPayload } from 'oidc-provider';

import {
  createGrantArtifacts,
  createRefreshTokenArtifacts,
  endGrant,
  whileGrantStands,
} from '../../src/oidc/artifacts-postgres.ts';
import { freshId, outcomeOf, twenty } from '../support/at-once.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
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
      await twenty((number) =>
        whileGrantStands(database(number), parties.tenantId, grantId, async () => {
          const grant = (await grants({ number }).find(grantId)) || undefined;
          const scope = `${grant?.scope ?? ''} s${number}`;
          await grants({ number }).upsert(grantId, { ...grant, scope }, 3600);
        }),
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
      expect(await outcomeOf(tokens({ tenantId }).consume(id))).to.equal('invalid_grant');
      expect(await tokens().find(id)).to.not.have.property('consumed');
    });

    it('is consumed by one of twenty, and the family ends', async () => {
      const [id, sibling] = [await aToken(), await aToken()];
      const outcomes = await twenty((number) => outcomeOf(tokens({ number }).consume(id)));
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
      const outcomes = await twenty((number) => outcomeOf(tokens({ number, leeway }).consume(id)));
      expect(outcomes.filter((outcome) => outcome === undefined)).to.have.length(1);
      expect(outcomes.filter((outcome) => outcome === 'invalid_grant')).to.have.length(19);
      expect(await tokens({ leeway }).find(id)).to.equal(undefined);
      expect(await tokens({ leeway }).find(sibling)).not.to.equal(undefined);

      const older = await aToken();
      await consumedAgo(older, 11);
      expect(await tokens({ leeway }).find(older)).to.have.property('consumed');
      expect(await outcomeOf(tokens({ leeway }).consume(older))).to.equal('invalid_grant');
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

    it('takes its family and the grant along when it is destroyed, in one step', async () => {
      const [first, second] = [await aToken(), await aToken()];
      await tokens().destroy(freshId());
      expect(await tokens().find(first)).not.to.equal(undefined);
      await tokens().destroy(first);
      for (const id of [first, second]) expect(await tokens().find(id)).to.equal(undefined);
      expect(await grants().find(grantId)).to.equal(undefined);
    });

    it('goes with all of its grant, which stays until it is ended itself', async () => {
      const [first, second] = [await aToken(), await aToken()];
      await tokens().revokeByGrantId(freshId());
      expect(await tokens().find(first)).not.to.equal(undefined);
      await tokens().revokeByGrantId(grantId);
      for (const id of [first, second]) expect(await tokens().find(id)).to.equal(undefined);
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
