// What renaming and removing a second factor brings about.

import { expect } from 'chai';

import { storageUnavailable } from '../../src/errors.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { SECRET, aSubject, aUser, secondFactors, totp } from '../support/second-factors.ts';
import { aFactorOwner } from '../support/factor-owner.ts';

describeOnEveryDatabase('a second factor', (databases) => {
  const { db } = databases;
  const my = aFactorOwner(databases);
  const { owned, add, signInTwice, expectOthersGone } = my;

  describe('that is renamed or removed', () => {
    const ref = (enrolmentId: string) => ({
      tenantId: my.ann.tenant.id,
      userId: my.ann.userId,
      enrolmentId,
      keptSession: 'kept',
    });

    it('has its new name, is told of and audited, and ends other sessions and trusted devices', async () => {
      const id = await add(totp, SECRET);
      await signInTwice();
      expect(await my.here.manage.rename(ref(id), 'Work phone')).to.equal(true);
      expect((await owned())[0]?.name).to.equal('Work phone');
      expect(my.here.told[0]?.notice).to.deep.equal({ kind: 'factor-renamed', factor: 'totp', name: 'Work phone' });
      expect(my.here.events[0]).to.deep.include({
        type: 'second_factor.renamed',
        detail: { factor: 'totp', name: 'Work phone' },
      });
      await expectOthersGone();
    });

    it('is gone, told of while it is still there, audited, and ends other sessions and trusted devices', async () => {
      const id = await add(totp, SECRET);
      await signInTwice();
      let ownedWhenTold = 0;
      my.here = secondFactors(db(), {
        notify: async () => {
          ownedWhenTold = (await owned()).length;
        },
      });
      expect(await my.here.manage.remove(ref(id))).to.equal(true);
      expect(ownedWhenTold, 'a mail goes to the address that is removed as well').to.equal(1);
      expect(await owned()).to.deep.equal([]);
      expect(my.here.told[0]?.notice).to.deep.equal({ kind: 'factor-removed', factor: 'totp', name: 'Mine' });
      expect(my.here.events[0]).to.include({ type: 'second_factor.removed' });
      await expectOthersGone();
      expect(await my.here.manage.remove(ref(id))).to.equal(false);
    });

    it('is nobody else’s, and none that does not exist', async () => {
      const id = await add(totp, SECRET);
      const bob = await aUser(db(), my.ann.tenant.id, 'bob');
      const { tenant: elsewhere } = await aSubject(db());
      for (const wrong of [
        { ...ref(id), userId: bob },
        { ...ref(id), tenantId: elsewhere.id },
        ref('directory-email'),
        ref(crypto.randomUUID()),
      ]) {
        expect(await my.here.manage.rename(wrong, 'Mine now')).to.equal(false);
        expect(await my.here.manage.remove(wrong)).to.equal(false);
      }
      expect((await owned())[0]).to.include({ id, name: 'Mine' });
      expect([my.here.told, my.here.events]).to.deep.equal([[], []]);
    });

    it('stays as it was when the person cannot be told', async () => {
      const id = await add(totp, SECRET);
      const broken = secondFactors(db(), { notify: () => Promise.reject(storageUnavailable(new Error('outbox'))) });
      for (const change of [() => broken.manage.rename(ref(id), 'Other'), () => broken.manage.remove(ref(id))]) {
        expect(await change().catch((error: unknown) => error)).to.include({ code: 'storage_unavailable' });
      }
      expect((await owned())[0]).to.include({ id, name: 'Mine' });
    });
  });
});
