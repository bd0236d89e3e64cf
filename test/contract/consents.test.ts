import { expect } from 'chai';

import { createPostgresConsents } from '../../src/login/consents-postgres.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { someoneWithAnApp } from '../support/rows.ts';

describeOnEveryDatabase('consents', ({ db, other }) => {
  const consents = () => createPostgresConsents(db());
  const elsewhere = () => createPostgresConsents(other());
  const nothing = { scopes: [], claims: [], resources: {} };

  it('add up, over scopes, claims and resources', async () => {
    const { tenantId, userId, clientId } = await someoneWithAnApp(db());
    const [orders, bills] = ['https://orders.example', 'https://bills.example'];
    await consents().add(tenantId, userId, clientId, {
      scopes: ['openid', 'email'],
      claims: ['name'],
      resources: { [orders]: ['read'] },
    });
    await elsewhere().add(tenantId, userId, clientId, {
      scopes: ['openid', 'groups'],
      claims: ['name', 'locale'],
      resources: { [orders]: ['write'], [bills]: ['read'] },
    });
    const found = await consents().find(tenantId, userId, clientId);
    expect(found?.scopes).to.have.members(['openid', 'email', 'groups']);
    expect(found?.claims).to.have.members(['name', 'locale']);
    expect(found?.resources).to.deep.equal({ [orders]: ['read', 'write'], [bills]: ['read'] });
  });

  it('lose nothing when twenty are given at once, the first one among them', async () => {
    const { tenantId, userId, clientId } = await someoneWithAnApp(db());
    const names = Array.from({ length: 20 }, (_, number) => `scope-${number}`);
    await Promise.all(
      names.map((name, number) =>
        (number % 2 === 0 ? consents() : elsewhere()).add(tenantId, userId, clientId, {
          scopes: [name],
          claims: [name],
          resources: { 'https://api.example': [name] },
        }),
      ),
    );
    const found = await consents().find(tenantId, userId, clientId);
    expect(found?.scopes).to.have.members(names);
    expect(found?.claims).to.have.members(names);
    expect(found?.resources['https://api.example']).to.have.members(names);
  });

  it('are of one person and one app of one tenant', async () => {
    const ours = await someoneWithAnApp(db());
    const theirs = await someoneWithAnApp(db());
    await consents().add(ours.tenantId, ours.userId, ours.clientId, { ...nothing, scopes: ['openid'] });
    const found = await consents().find(ours.tenantId, ours.userId, ours.clientId);
    expect(found).to.deep.equal({ ...nothing, scopes: ['openid'] });
    for (const [tenantId, userId, clientId] of [
      [theirs.tenantId, ours.userId, ours.clientId],
      [ours.tenantId, theirs.userId, ours.clientId],
      [ours.tenantId, ours.userId, 'another'],
    ] as const) {
      expect(await consents().find(tenantId, userId, clientId)).to.equal(undefined);
    }
  });
});
