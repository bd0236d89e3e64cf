import { expect } from 'chai';

import { createChallenges } from '../../src/second-factors/challenges.ts';
import type { ChallengePlace, Challenges } from '../../src/second-factors/challenges.ts';
import { twenty } from '../support/at-once.ts';
import { describeOnEveryStore } from '../support/every-store.ts';
import { encryption } from '../support/tenants.ts';

describeOnEveryStore('open challenges', (store) => {
  let now: number;
  let challenges: Challenges;
  let place: ChallengePlace;

  beforeEach(() => {
    now = Date.now();
    challenges = createChallenges(store(), encryption, () => now);
    const ids = { tenantId: 'acme', userId: crypto.randomUUID(), context: 'login:one' };
    place = { ...ids, purpose: 'prove', factor: 'email', enrolmentId: 'one' };
  });

  const challenge = (kept: string) => ({ kept, askedAt: now / 1000, expiresAt: now / 1000 + 300 });
  const keptAt = async (where = place) => (await challenges.find(where))?.challenge.kept;

  it('are found in their place, and in no other', async () => {
    await challenges.add(place, challenge('code'));
    expect(await keptAt()).to.equal('code');
    for (const elsewhere of [
      { tenantId: 'globex' },
      { userId: crypto.randomUUID() },
      { context: 'login:two' },
      { purpose: 'enrol' },
      { factor: 'sms' },
      { enrolmentId: 'two' },
    ] as const) {
      expect(await keptAt({ ...place, ...elsewhere }), JSON.stringify(elsewhere)).to.equal(undefined);
    }
  });

  it('are encrypted', async () => {
    const written: string[] = [];
    const watched = { ...store(), add: async (_key: string, value: string) => written.push(value) > 0 };
    await createChallenges(watched, encryption, () => now).add(place, challenge('the code'));
    expect(written).to.have.lengthOf(1);
    expect(written[0])
      .to.match(/^v1\.k1\./)
      .and.not.contain('the code');
  });

  it('are put where none is open, by one of twenty at once', async () => {
    const added = await twenty((i) => createChallenges(store(i), encryption).add(place, challenge(`code ${i}`)));
    const [mine, ...more] = added.filter((asked) => asked !== undefined);
    expect(more).to.deep.equal([]);
    expect(await keptAt()).to.equal(mine?.challenge.kept);
  });

  it('are used up by one of twenty at once, and then make room for another', async () => {
    await challenges.add(place, challenge('code'));
    const used = await twenty(async (i) => (await createChallenges(store(i), encryption).find(place))?.use());
    expect(used.filter(Boolean)).to.have.lengthOf(1);
    expect(await keptAt()).to.equal(undefined);
    expect(await challenges.add(place, challenge('another'))).not.to.equal(undefined);
    expect(await keptAt()).to.equal('another');
  });

  it('are dead once they are changed, whoever has found them before', async () => {
    await challenges.add(place, challenge('former'));
    const former = await challenges.find(place);
    const changed = await former?.change(challenge('latter'));
    expect(await keptAt()).to.equal('latter');
    expect(await former?.use()).to.equal(false);
    expect(await former?.change(challenge('last'))).to.equal(undefined);
    expect(await changed?.use()).to.equal(true);
  });

  it('run out, and then make room for another', async () => {
    await challenges.add(place, challenge('code'));
    now += 300_000;
    expect(await keptAt()).to.equal(undefined);
    expect(await challenges.add(place, challenge('another'))).not.to.equal(undefined);
    expect(await keptAt()).to.equal('another');
  });

  it('can be removed', async () => {
    await challenges.add(place, challenge('code'));
    await challenges.remove(place);
    expect(await keptAt()).to.equal(undefined);
  });
});
