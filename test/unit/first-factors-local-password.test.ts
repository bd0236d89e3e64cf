import { expect } from 'chai';

import type { LocalAccount } from '../../src/first-factors/local-password.ts';
import { createPasswordHash } from '../../src/security/password-hash.ts';
import { RIGHT, passwordHash, world } from '../support/password-sign-in.ts';

describe('signing in with a password kept here', () => {
  let stored: string;
  before(async () => {
    stored = await passwordHash.hash(RIGHT);
  });
  const admin = (changes: Partial<LocalAccount> = {}) => ({
    admin: {
      user: { id: 'admin', status: 'active', proofGeneration: 7 },
      passwordHash: stored,
      ...changes,
    } satisfies LocalAccount,
  });
  const signedIn = { ok: true, value: { kind: 'local', userId: 'admin', proofGeneration: 7 } };
  const failed = { ok: false, reason: 'bad-credentials' };

  it('needs its suffix where there are directories', async () => {
    const { tryAs, attempts } = world({ accounts: admin(), directories: { corp: {} } });
    expect(await tryAs('admin')).to.deep.equal(failed);
    expect(await tryAs('Admin@LOCAL')).to.deep.equal(signedIn);
    expect(attempts[1]?.subjects).to.include('user:admin');
    expect(attempts[1]?.allowance).to.deep.equal({ failures: 5, firstBlock: 30, longestBlock: 900 });
  });

  it('may leave it out where there are none', async () => {
    const { tryAs } = world({ accounts: admin() });
    expect(await tryAs('admin')).to.deep.equal(signedIn);
    expect(await tryAs('admin@local')).to.deep.equal(signedIn);
  });

  it('is never looked for in a directory', async () => {
    const intruder = { names: ['admin', 'admin@local'] };
    const { tryAs, binds } = world({ accounts: {}, directories: { corp: { people: { intruder } } } });
    expect(await tryAs('admin@local')).to.deep.equal(failed);
    expect(binds).to.deep.equal([]);
  });

  for (const status of ['disabled', 'pending', 'complete', 'rejected'] as const) {
    it(`says of an account that is ${status} nothing before the right password`, async () => {
      const { tryAs, events } = world({
        accounts: admin({ user: { id: 'admin', status, proofGeneration: 7 } }),
      });
      expect(await tryAs('admin', 'wrong')).to.deep.equal(failed);
      expect(await tryAs('admin')).to.deep.equal({ ok: false, reason: 'account-disabled' });
      expect(events.map(({ type, reason }) => [type, reason])).to.deep.equal([
        ['login.failed', 'bad-credentials'],
        ['login.refused', 'disabled'],
      ]);
    });
  }

  it('refuses an account without a password, and one that does not exist', async () => {
    const { tryAs, events } = world({ accounts: admin({ passwordHash: undefined }) });
    expect(await tryAs('admin')).to.deep.equal(failed);
    expect(await tryAs('nobody')).to.deep.equal(failed);
    expect(events.map((event) => event.reason)).to.deep.equal(['bad-credentials', 'unknown']);
  });

  it('renews a hash of weaker parameters, once the password was right', async () => {
    const weak = await createPasswordHash({ timeCost: 1 }).hash(RIGHT);
    const { tryAs, rehashed } = world({ accounts: admin({ passwordHash: weak }) });
    await tryAs('admin', 'wrong');
    expect(rehashed).to.deep.equal([]);
    expect(await tryAs('admin')).to.deep.equal(signedIn);
    expect(rehashed).to.have.lengthOf(1);
    expect(await passwordHash.verify(rehashed[0], RIGHT)).to.deep.equal({ ok: true, rehash: false });
  });
});
