import { expect } from 'chai';

import { AppError } from '../../src/errors.ts';
import { createHashInLanes, createPasswordHash } from '../../src/security/password-hash.ts';
import { fastest } from '../support/fastest.ts';

describe('hashes of passwords kept here', () => {
  const passwordHash = createPasswordHash();

  it('are argon2id with OWASP’s least parameters, each with its own salt', async () => {
    const hashes = await Promise.all([passwordHash.hash('correct horse'), passwordHash.hash('correct horse')]);
    for (const hash of hashes) {
      expect(hash).to.match(/^\$argon2id\$v=19\$/);
      const [, memory, passes] = /m=(\d+),(?:p=1,t=(\d+)|t=\d+,p=1)/.exec(hash) ?? [];
      expect(Number(memory)).to.be.at.least(19 * 1024);
      expect(Number(passes)).to.be.at.least(2);
    }
    expect(hashes[0]).not.to.equal(hashes[1]);
  });

  it('verify the password they were made of and no other', async () => {
    const hash = await passwordHash.hash('Grüße aus Łódź 🦊');
    expect(await passwordHash.verify(hash, 'Grüße aus Łódź 🦊')).to.deep.equal({ ok: true, rehash: false });
    for (const other of ['', 'Grüße aus Łódź', 'grüße aus łódź 🦊', 'Grüße aus Łódź 🦊 ']) {
      expect(await passwordHash.verify(hash, other), other).to.deep.equal({ ok: false, rehash: false });
    }
  });

  it('do not depend on how a keyboard composes an accent', async () => {
    const hash = await passwordHash.hash('Zo\u00eb and friends');
    expect(await passwordHash.verify(hash, 'Zoe\u0308 and friends')).to.deep.include({ ok: true });
  });

  it('ask to be made anew when the parameters rise, but only after the right password', async () => {
    const stronger = createPasswordHash({ timeCost: 3 });
    const hash = await passwordHash.hash('correct horse');
    expect(await stronger.verify(hash, 'correct horse')).to.deep.equal({ ok: true, rehash: true });
    expect(await stronger.verify(hash, 'battery staple')).to.deep.equal({ ok: false, rehash: false });
  });

  it('take as long for nobody as for somebody', async () => {
    const hash = await passwordHash.hash('correct horse');
    const somebody = await fastest(() => passwordHash.verify(hash, 'wrong'));
    const nobody = await fastest(() => passwordHash.verify(undefined, 'wrong'));
    expect(await passwordHash.verify(undefined, 'wrong')).to.deep.equal({ ok: false, rehash: false });
    expect(nobody / somebody).to.be.within(0.5, 2);
  });

  it('are computed so many at once; so many wait, and the next caller hears 503', async () => {
    const narrow = createPasswordHash({ concurrency: 1, queue: 2 });
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => narrow.verify(undefined, 'x')));
    const refusals = answers.filter((answer) => answer.status === 'rejected').map((answer): unknown => answer.reason);
    expect(answers.map((answer) => answer.status)).to.deep.equal([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    for (const refusal of refusals) {
      expect(refusal).to.be.instanceOf(AppError).and.include({ code: 'overloaded', status: 503 });
    }
    expect(await narrow.verify(undefined, 'x'), 'the turn is free again').to.deep.include({ ok: false });
  });

  it('let the next caller in after a failure', async () => {
    const narrow = createPasswordHash({ concurrency: 1, queue: 1 });
    const [broken, sound] = await Promise.allSettled([narrow.verify('no hash', 'x'), narrow.verify(undefined, 'x')]);
    expect(broken.status).to.equal('rejected');
    expect(sound.status).to.equal('fulfilled');
    expect(await narrow.verify(undefined, 'x')).to.deep.include({ ok: false });
  });
});

describe('hashes for administrators', () => {
  it('are good for a sign-in', async () => {
    const hash = await createHashInLanes()('acme', 'correct horse');
    expect(await createPasswordHash().verify(hash, 'correct horse')).to.deep.equal({ ok: true, rehash: false });
  });

  it('are waited for by so many of a lane; the next one is to come back, and other lanes have their turns', async () => {
    const hash = createHashInLanes(2);
    const order: string[] = [];
    const one = (lane: string) =>
      hash(lane, 'x').then(
        () => void order.push(lane),
        (refusal: unknown) => refusal,
      );
    const answers = await Promise.all(['acme', 'acme', 'acme', 'acme', 'globex', 'acme'].map(one));
    expect(order).to.deep.equal(['acme', 'acme', 'globex', 'acme']);
    for (const refusal of [answers[3], answers[5]]) {
      expect(refusal).to.be.instanceOf(AppError).and.include({ status: 429, retryAfter: 1 });
    }
    expect(await hash('acme', 'x'), 'the turn is free again').to.match(/^\$argon2id\$/);
  });

  it('keep no sign-in waiting, however many are asked for', async () => {
    const [hash, signIns] = [createHashInLanes(4), createPasswordHash({ concurrency: 1, queue: 0 })];
    const flood = Promise.allSettled(Array.from({ length: 20 }, (_, lane) => hash(String(lane % 2), 'x')));
    let ended = false;
    void flood.then(() => (ended = true));
    expect(await signIns.verify(undefined, 'x')).to.deep.include({ ok: false });
    expect(ended).to.equal(false);
    const done = await flood;
    // One works, and four wait in each lane.
    expect(done.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(9);
  });
});
