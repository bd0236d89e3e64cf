import { expect } from 'chai';

import { createRecoveryCodes } from '../../src/second-factors/recovery-codes.ts';

const NOW = new Date('2030-06-01T12:00:00Z');
const ann = { tenantId: 't', userId: 'u', accountName: 'ann', displayName: 'Ann' };
const recoveryCodes = createRecoveryCodes({ key: Buffer.alloc(32, 1) });
const owned = {
  id: 'codes',
  factor: 'recovery-code',
  name: '',
  secret: '',
  createdAt: NOW,
  lastUsedAt: undefined,
  remaining: 7,
} as const;

async function made(factor = recoveryCodes) {
  const begun = await factor.beginEnrolment(ann, []);
  if (!begun.ok) throw new Error(begun.reason);
  const { kept } = begun.value;
  const view = await factor.presentEnrolment(ann, kept);
  if (view.factor !== 'recovery-code') throw new Error(view.factor);
  const finished = await factor.finishEnrolment(ann, kept, 'saved', NOW);
  if (!finished.ok) throw new Error(finished.reason);
  return { kept, codes: view.codes, confirmed: finished.value };
}

/** What the answer is looked up by; undefined for what cannot be a code. */
async function hashOf(answer: string, factor = recoveryCodes): Promise<string | undefined> {
  const verdict = await factor.verify(ann, [owned], undefined, answer, NOW);
  if (!verdict.ok) return undefined;
  const { use } = verdict.value;
  return use.kind === 'recovery-code' ? use.codeHash : undefined;
}

describe('recovery codes', () => {
  it('are ten, of 50 random bits each, without look-alikes', async () => {
    const { codes } = await made();
    const { codes: others } = await made();
    expect(new Set([...codes, ...others])).to.have.lengthOf(20);
    for (const code of codes) expect(code).to.match(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
  });

  it('are the same ones again after a reload', async () => {
    const { kept, codes } = await made();
    expect(await recoveryCodes.presentEnrolment(ann, kept)).to.deep.equal({ factor: 'recovery-code', codes });
  });

  it('are kept once the person says that they are saved, as hashes under the tenant’s key', async () => {
    const { kept, codes, confirmed } = await made();
    for (const answer of ['', 'yes', codes[0] ?? '']) {
      expect(await recoveryCodes.finishEnrolment(ann, kept, answer, NOW)).to.deep.equal({
        ok: false,
        reason: 'malformed',
      });
    }
    expect(confirmed.enrolment.codeHashes).to.deep.equal(await Promise.all(codes.map((code) => hashOf(code))));
    for (const code of codes) expect(JSON.stringify(confirmed)).not.to.contain(code.slice(0, 5));
    const another = createRecoveryCodes({ key: Buffer.alloc(32, 2) });
    expect(await hashOf(codes[0] ?? '', another)).not.to.be.oneOf([undefined, confirmed.enrolment.codeHashes?.[0]]);
  });

  it('prove nothing by being shown', async () => {
    expect((await made()).confirmed).not.to.have.property('amr');
  });

  for (const spelling of [
    '7K3QX-0M2R1',
    '7k3qx0m2r1',
    ' 7K3QX 0M2R1 ',
    '7-K-3-Q-X-0-M-2-R-1',
    '7K3QX–0M2R1',
    '７Ｋ３ＱＸ－０Ｍ２Ｒ１',
    '7K3QX-OM2RI',
    '7k3qx-om2rl\n',
  ]) {
    it(`may be spelt ${JSON.stringify(spelling)}`, async () => {
      expect(await hashOf(spelling))
        .to.equal(await hashOf('7K3QX0M2R1'))
        .and.not.to.equal(undefined);
    });
  }

  for (const answer of [
    '',
    '7K3QX-0M2R',
    '7K3QX-0M2R11',
    '7K3QX-0M2RU',
    '7K3QX.0M2R1',
    '7K3QX-0M2Rß',
    'x'.repeat(1e5),
  ]) {
    it(`cannot be ${JSON.stringify(answer.slice(0, 12))}`, async () => {
      expect(await recoveryCodes.verify(ann, [owned], undefined, answer, NOW)).to.deep.equal({
        ok: false,
        reason: 'malformed',
      });
    });
  }

  it('ask nothing, and tell how many are left', () => {
    expect(recoveryCodes.ask).to.equal(undefined);
    expect(recoveryCodes.present([owned], undefined)).to.deep.equal({ factor: 'recovery-code', remaining: 7 });
  });
});
